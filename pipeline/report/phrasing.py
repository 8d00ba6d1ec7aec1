"""The words around the figures, in both languages; every report says the same with them."""

from __future__ import annotations

from typing import Final

from pipeline.scorecard import Finding, Outcome, Points, Text

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
        failed=("一票否决", "failed"),
        no_mark=("没有可评分的内容", "nothing could be measured"),
        player=("播放", "Player"),
        timeline=(
            "波形、话轮、重叠、等待、音高、音量与语速",
            "Waveforms, turns, overlaps, holds, pitch, level and pace",
        ),
        closer=("放大", "closer"),
        wider=("缩小", "wider"),
        limit=("标准", "limit"),
        standard=("标准原文", "the standard's words"),
        not_counted=("不计", "not counted"),
        lost=("失分原因", "Why points were lost"),
        nothing_lost=("没有失分。", "No points were lost."),
        transcript=("通话文字", "Transcript"),
        no_words=("没有文字。", "There are no words."),
        refused=("识别结果中被拒绝的文字", "Recognised text that was refused"),
        every=("全部指标", "Every criterion"),
        measured=("测量值", "What was measured"),
        not_measured=("未测量", "Not measured"),
        origin=("出处", "Where this comes from"),
        rubric=("评分标准", "rubric"),
        facts=("事实", "facts"),
        key_agent=("坐席", "agent"),
        key_customer=("客户", "customer"),
        key_interruption=("打断", "interruption"),
        key_overlap=("重叠", "overlap"),
        key_hold=("等待", "hold"),
        lane_events=("事件", "events"),
        lane_pitch=("音高\n±半音", "pitch\n± st"),
        lane_level=("音量\n±dB", "level\n± dB"),
        lane_pace=("语速\n音节/秒", "pace\nsyl/s"),
        measure_talk=("说话时间", "talk time"),
        measure_share=("占通话", "share of the call"),
        measure_rate=("语速", "speech rate"),
        measure_articulation=("发音速率", "articulation rate"),
        measure_level=("有效语音电平", "active speech level"),
        measure_loudness=("响度", "loudness"),
        measure_pitch=("音高中位数", "median F0"),
        measure_spread=("音高变化", "F0 spread"),
        measure_response=("应答间隔（中位数）", "response time (median)"),
        measure_interruptions=("打断对方", "interruptions of the other"),
        semitones=("半音", "st"),
        syllables_per_minute=("音节/分", "syl/min"),
        syllables_per_second=("音节/秒", "syl/s"),
        hold_music=("等待音乐", "hold music"),
        hold_silence=("静默等待", "silent hold"),
        hold_ringback=("回铃音", "ringback"),
        backchannel=("附和", "backchannel"),
        terminal=("话尾重叠", "terminal overlap"),
        choral=("同声", "choral"),
    ),
    "competitive-with-floor": Text(zh="打断（夺得话语权）", en="interruption, floor taken"),
    "competitive-without-floor": Text(zh="打断（未夺得）", en="interruption, floor kept"),
    "silent-interruption": Text(zh="抢话（无重叠）", en="silent interruption"),
    "layout_stereo": Text(zh="双声道", en="stereo"),
    "layout_two-files": Text(zh="双文件", en="two files"),
    "layout_mono": Text(zh="单声道", en="mono"),
    "layout_dual-mono": Text(zh="双声道同声（按单声道）", en="two copies of one channel (mono)"),
}


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
    return text.rstrip("0").rstrip(".") if "." in text else text


def points(value: Points) -> str:
    """``won/possible``; a dash where nothing was possible."""
    return f"{number(value.won)}/{number(value.possible)}" if value.possible else "–"


def limits(finding: Finding) -> str:
    """The limits as people write them: ``3.2–5.8``, ``≤ 2``, ``≥ 1``."""
    if finding.low is not None and finding.high is not None:
        return f"{number(finding.low)}–{number(finding.high)}"
    if finding.high is not None:
        return f"≤ {number(finding.high)}"
    return f"≥ {number(finding.low)}" if finding.low is not None else ""


def speaker_name(speaker: str | None, ui: str) -> str:
    """The party's name; an unknown one as it is."""
    if speaker is None:
        return ""
    named = SPEAKERS.get(speaker)
    return named.of(ui) if named else speaker
