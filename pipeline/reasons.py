"""Why something was not measured, in Chinese.

Measuring gives its reasons in English, as facts keep them: one short clause each, several joined
by "; ". Every reader in Chinese (judging's verdicts, the reports) takes them through `in_chinese`.
`tests/unit/test_reasons.py` collects every clause that measuring can give and holds that each has
its wording here.
"""

from __future__ import annotations

import functools
import re
from typing import Final

BETWEEN: Final = "; "
"""Between two reasons for the same thing."""

WORDINGS: Final[dict[str, str]] = {
    # Who speaks when
    "both parties share one channel and are not told apart": "双方在同一声道，未能分开",
    "both parties share one channel and most of their overlaps go unheard": (
        "双方在同一声道，多数重叠听不出来"
    ),
    "one channel, in which one voice is heard": "只有一个声道，其中只听到一个人的声音",
    "both parties share one channel": "双方在同一声道",
    "the parties were not told apart": "未能分开双方",
    "what the agent's voice says is what customers say": "坐席一方说的话更像客户说的",
    "the agent is heard on the other channel than usual": "坐席不在通常的声道",
    "nobody speaks": "没有人说话",
    "nobody speaks on the channel": "该声道没有人说话",
    "it is not known when somebody speaks": "不知道何时有人说话",
    # The recording
    "its recorder never wrote how long it is: read to the end of the file": (
        "录音未写明时长，已读到文件末尾"
    ),
    "its header counts {} ms more than it holds": "文件头所写时长比实际多 {} 毫秒",
    "{} damaged packets were skipped": "跳过了 {} 个损坏的数据包",
    "the channel is silent": "该声道没有声音",
    "no sound at all": "完全没有声音",
    "there is too little sound": "声音太少",
    "too faint for an active speech level": "声音太弱，测不出语音电平",
    "speech does not stand above the noise": "语音没有高出噪声",
    "noise only {} dB below the voice": "噪声只比语音低 {} 分贝",
    "no noise floor to compare with": "没有可比较的底噪",
    "the pauses are digitally silent": "停顿处是数字静音，没有底噪",
    "pauses too short": "停顿太短",
    "too few pauses with noise in them": "带底噪的停顿太少",
    "under {} s without speech": "无人说话的时间不足 {} 秒",
    "{} of it is clipped": "{} 的声音削波失真",
    "an automatic gain control moves the level by {} dB": "自动增益使音量变动 {} 分贝",
    "nothing above {} Hz": "{} Hz 以上没有声音",
    "nothing above {} kHz in {} kHz sound": "采样率 {1} kHz，但 {0} kHz 以上没有声音",
    "sampled below {} Hz": "采样率低于 {} Hz",
    "shorter than 400 ms": "不足 400 毫秒",
    "never above {} LUFS": "响度从未超过 {} LUFS",
    "a telephone line's coding hides it": "电话线路的编码会掩盖它",
    # Too little to measure on
    "under {} s of speech": "语音不足 {} 秒",
    "under {} s of voice": "浊音不足 {} 秒",
    "{} s of voice, {} s are needed": "浊音只有 {} 秒，需要 {} 秒",
    "under {} syllables": "不足 {} 个音节",
    "{} syllables with pitch, {} are needed": "测到音高的音节只有 {} 个，需要 {} 个",
    "fewer than {} turns allow it": "可供测量的话轮不足 {} 个",
    "the speaker's usual voice is not known": "不知道该说话人平时的声音",
    "too noisy for spectrum and voice quality": "噪声过大，无法测频谱与音质",
    # Words
    "no transcript": "没有转写",
    "no transcript was asked for": "未要求转写",
    "no words": "没有文字",
    "no syllable rules for language {}": "没有语言 {} 的音节规则",
    "no lexical tones in {}": "语言 {} 没有声调",
    # Recognised text that was refused
    "nobody speaks here": "此处没有人说话",
    "no speech, by the recogniser ({})": "识别器判为无语音（{}）",
    "the recogniser guesses (average log-probability {})": "识别器没有把握（平均对数概率 {}）",
    "too much text for the speech here ({} syllables in {} s)": (
        "文字多于此处的语音（{1} 秒内 {0} 个音节）"
    ),
    "hardly a word in {} s of sound": "{} 秒声音里几乎没有字",
    "a subtitle's credit, known as invented": "字幕组署名一类的杜撰文字",
    "a loop: {} {} times": "循环重复：{} 共 {} 次",
    "{} syllables at one moment": "同一时刻挤着 {} 个音节",
}
"""The Chinese for each clause; ``{}`` stands for what it fills in, in the same order unless
numbered.
"""


def in_chinese(reason: str) -> str:
    """The reason in Chinese; a clause that is not known stands as it is."""
    return "；".join(_clause(part) for part in reason.split(BETWEEN))


@functools.lru_cache(maxsize=1024)
def _clause(clause: str) -> str:
    whole = WORDINGS.get(clause)
    if whole is not None:
        return whole
    for pattern, wording in _patterns():
        found = pattern.fullmatch(clause)
        if found:
            return wording.format(*found.groups())
    return clause


@functools.cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple(
        (re.compile("(.+?)".join(map(re.escape, clause.split("{}")))), wording)
        for clause, wording in WORDINGS.items()
        if "{}" in clause
    )
