"""The words around the figures, in both languages; every report says the same with them."""

from __future__ import annotations

from typing import Final

from pipeline.scorecard import Finding, Outcome, Points, Scorecard, Text

UI: Final = ("zh", "en")

OUTCOMES: Final[dict[Outcome, Text]] = {
    "met": Text(zh="达标", en="met"),
    "missed": Text(zh="未达标", en="missed"),
    "not_measured": Text(zh="未测量", en="not measured"),
    "not_applicable": Text(zh="不适用", en="not applicable"),
}
SIGNS: Final[dict[Outcome, str]] = {
    "met": "✓",
    "missed": "✗",
    "not_measured": "?",
    "not_applicable": "–",
}
SPEAKERS: Final[dict[str, Text]] = {
    "agent": Text(zh="坐席", en="agent"),
    "customer": Text(zh="客户", en="customer"),
    "mixed": Text(zh="双方", en="both parties"),
}
HOW: Final[dict[str, Text]] = {
    "voice": Text(zh="听声音", en="voice"),
    "turn": Text(zh="听话轮", en="turns"),
    "phrase": Text(zh="听用语", en="words"),
    "mixed": Text(zh="综合", en="mixed"),
    "kpi": Text(zh="跨通话汇总", en="over many calls"),
    "none": Text(zh="录音中听不到", en="not heard"),
}
DEMONSTRATION: Final = Text(
    zh="文字由演示模型识别，只适合示例通话。真实通话请用 --model small 或更大的模型。",
    en="The words come from the demonstration model, which fits the sample calls only. "
    "Real calls: --model small or larger.",
)


def _texts(**pairs: tuple[str, str]) -> dict[str, Text]:
    return {key: Text(zh=zh, en=en) for key, (zh, en) in pairs.items()}


PAGE: Final[dict[str, Text]] = {
    "demonstration": DEMONSTRATION,
    **_texts(
        title=("通话评分", "Call scorecard"),
        failed=("一票否决", "failed"),
        no_mark=("没有可评分的内容", "nothing could be measured"),
        of_100=("满分 100", "of 100"),
        thin=(
            "{all} 项指标中有 {n} 项未能测量，总分只代表其余各项。",
            "{n} of {all} criteria could not be measured; the mark speaks for the others only.",
        ),
        marks=("得分", "Marks"),
        pillar_failed=("整项不得分", "no marks"),
        agent_heard=(
            "按对话内容，坐席是声音 {voice}（把握 {sure}）；不对可用 --agent-is 更正",
            "by what is said, the agent is voice {voice} (sure to {sure}); --agent-is mends it",
        ),
        agent_not_heard=(
            "按对话内容，没有听到坐席（把握 {sure}）；不对可用 --agent-is 更正",
            "by what is said, the agent is not heard (sure to {sure}); --agent-is mends it",
        ),
        voice=("声音", "voice"),
        # What to talk about
        coaching=("辅导要点", "To talk about"),
        no_coaching=("没有需要辅导的失分。", "No lost points to talk about."),
        better=("可以这样说", "Better"),
        whole_call=("整通电话", "the whole call"),
        play=("播放", "play"),
        # The radar
        radar=("亲和力雷达图", "Affinity radar"),
        radar_about=(
            "各方面得分率换算为 3.5 至 5.5 的标准分；空缺的方面没有测量，不是零分。",
            "Each side's share of its points on the standard's scale of 3.5 to 5.5; "
            "a gap was not measured, it is no zero.",
        ),
        radar_table=("雷达图的数据", "The radar in figures"),
        side=("方面", "Side"),
        standard_mark=("标准分", "Mark"),
        rows=("条目", "Rows"),
        # The player
        player=("播放", "Player"),
        pause=("暂停", "Pause"),
        back=("后退 5 秒", "back 5 s"),
        forward=("前进 5 秒", "forward 5 s"),
        next_loss=("下一处失分", "next lost point"),
        speed=("播放速度", "playing speed"),
        scroll=("移动时间窗", "move the window"),
        whole=("全程", "whole call"),
        keys=(
            "空格 播放或暂停 · ← → 5 秒 · N 下一处失分 · ＋ － 缩放",
            "Space plays and pauses · ← → 5 s · N next lost point · + - zoom",
        ),
        timeline=(
            "波形、失分、重叠、等待、音高、音量与语速",
            "Waveforms, lost points, overlaps, holds, pitch, level and pace",
        ),
        closer=("放大", "closer"),
        wider=("缩小", "wider"),
        # Findings
        lost=("失分原因", "Why points were lost"),
        nothing_lost=("没有失分。", "No points were lost."),
        lost_points=("失 {n} 分", "lost {n}"),
        observed=("不计分", "not marked"),
        basis=("依据与标准原文", "How it was judged, and the standard's words"),
        how=("判断方法", "How it was judged"),
        value=("测得", "measured"),
        limit=("应为", "should be"),
        standard=("标准原文", "The standard's words"),
        not_counted=("不计", "not counted"),
        similar=("相似度", "similarity"),
        supported=("声音印证", "borne out by the sound"),
        every=("全部指标", "Every criterion"),
        met_count=("达标 {n}", "{n} met"),
        missed_count=("未达标 {n}", "{n} missed"),
        other_count=("未测量或不适用 {n}", "{n} not measured or not applicable"),
        unheard=("单凭一通录音判断不了的条目", "What one recording cannot show"),
        # Words
        transcript=("通话文字", "Transcript"),
        no_words=("没有文字。", "There are no words."),
        refused=("识别结果中被拒绝的文字", "Recognised text that was refused"),
        # Figures
        measured=("测量值", "What was measured"),
        quality=("录音质量", "The recording"),
        not_measured=("未测量", "Not measured"),
        origin=("出处", "Where this comes from"),
        rubric=("评分标准", "rubric"),
        facts=("事实", "facts"),
        words_from=("文字来源", "words"),
        source_whisper=("Whisper 识别", "recognised by Whisper"),
        source_imported=("导入的转写", "an imported transcript"),
        channel=("声道", "channel"),
        quality_bandwidth=("带宽", "bandwidth"),
        quality_noise=("底噪", "noise floor"),
        quality_snr=("信噪比", "signal to noise"),
        quality_clipped=("削波", "clipped"),
        quality_dropouts=("语音中断", "dropouts"),
        quality_coding=("编码痕迹", "coding heard"),
        key_agent=("坐席", "agent"),
        key_customer=("客户", "customer"),
        key_loss=("失分", "lost points"),
        key_interruption=("打断", "interruption"),
        key_overlap=("重叠", "overlap"),
        key_hold=("等待", "hold"),
        key_band=("应在范围", "within limits"),
        lane_losses=("失分", "lost"),
        lane_events=("事件", "events"),
        lane_pitch=("音高\n±半音", "pitch\n± st"),
        lane_level=("音量\n±分贝", "level\n± dB"),
        lane_pace=("语速\n音节/秒", "pace\nsyl/s"),
        measure_talk=("说话时间", "talk time"),
        measure_talk_error=("其中可能是他人的", "perhaps another's"),
        measure_share=("占通话", "share of the call"),
        measure_rate=("语速", "speech rate"),
        measure_articulation=("净语速", "articulation rate"),
        measure_level=("语音电平", "active speech level"),
        measure_loudness=("响度", "loudness"),
        measure_pitch=("音高中位数", "median pitch"),
        measure_spread=("音高起伏", "pitch spread"),
        measure_response=("应答间隔（中位数）", "response time (median)"),
        measure_interruptions=("打断对方", "interruptions of the other"),
        syllables_per_minute=("音节/分", "syl/min"),
        hold_music=("等待音乐", "hold music"),
        hold_silence=("静默等待", "silent hold"),
        hold_ringback=("回铃音", "ringback"),
        backchannel=("附和", "backchannel"),
        terminal=("话尾重叠", "terminal overlap"),
        choral=("同声", "choral"),
        # Several calls
        calls=("全部通话", "Calls"),
        call=("通话", "call"),
        mark=("总分", "mark"),
        first_loss=("首要失分", "first to talk about"),
        failed_calls=("一票否决 {n} 通", "{n} failed"),
        count_calls=("共 {n} 通，最差的在前", "{n} calls, the worst first"),
        unmarked_calls=("未能评分 {n} 通", "{n} without a mark"),
    ),
    "competitive-with-floor": Text(zh="打断（夺得话语权）", en="interruption, floor taken"),
    "competitive-without-floor": Text(zh="打断（未夺得）", en="interruption, floor kept"),
    "silent-interruption": Text(zh="抢话（无重叠）", en="silent interruption"),
    "layout_stereo": Text(zh="双声道", en="stereo"),
    "layout_two-files": Text(zh="双文件", en="two files"),
    "layout_mono": Text(zh="单声道", en="mono"),
    "layout_dual-mono": Text(zh="双声道同声（按单声道）", en="two copies of one channel (mono)"),
}


_THIN: Final = 0.25
"""Share of unmeasured criteria from which on a mark needs a caution."""


def thin(scorecard: Scorecard, ui: str) -> str | None:
    """A caution where much could not be measured; ``None`` where little is missing."""
    unmeasured = sum(finding.outcome == "not_measured" for finding in scorecard.findings)
    every = len(scorecard.findings)
    if unmeasured <= _THIN * every:
        return None
    return PAGE["thin"].of(ui).format(n=unmeasured, all=every)


def clock(seconds: float) -> str:
    """``m:ss.s``, or ``h:mm:ss.s`` from one hour on."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    tail = f"{rest // 10:02d}.{rest % 10}"
    return f"{hours}:{minutes:02d}:{tail}" if hours else f"{minutes}:{tail}"


def number(value: float) -> str:
    """A figure with as many decimals as it is worth: three significant digits at most."""
    size = abs(value)
    decimals = 0 if size >= 100 else 1 if size >= 10 else 2
    text = f"{value:.{decimals}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def points(value: Points) -> str:
    """``won/possible``; a dash where nothing was possible."""
    return f"{number(value.won)}/{number(value.possible)}" if value.possible else "–"


def limits(finding: Finding, ui: str) -> str:
    """The limits as people write them: ``3.2–5.8``, ``-10 至 10``, ``≤ 2``, ``≥ 1``."""
    if finding.low is not None and finding.high is not None:
        between = "–" if finding.low >= 0 else {"zh": " 至 ", "en": " to "}[ui]
        return f"{number(finding.low)}{between}{number(finding.high)}"
    if finding.high is not None:
        return f"≤ {number(finding.high)}"
    return f"≥ {number(finding.low)}" if finding.low is not None else ""


def quoted(words: str, ui: str) -> str:
    """Words in the quotation marks of the report's language."""
    return f"“{words}”" if ui == "en" else f"「{words}」"


def speaker_name(speaker: str | None, ui: str) -> str:
    """The party's name; a voice without a part by its number, an unknown name as it is."""
    if speaker is None:
        return ""
    if speaker.startswith("voice-"):
        return f"{PAGE['voice'].of(ui)} {speaker.removeprefix('voice-')}"
    named = SPEAKERS.get(speaker)
    return named.of(ui) if named else speaker
