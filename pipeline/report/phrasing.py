"""The words around the figures, in both languages; every report says the same with them."""

from __future__ import annotations

from typing import Final

from pipeline.scorecard import Finding, Outcome, Text

UI: Final = ("zh", "en")

OUTCOMES: Final[dict[Outcome, Text]] = {
    "met": Text(zh="达标", en="met"),
    "missed": Text(zh="未达标", en="missed"),
    "not_measured": Text(zh="未测量", en="not measured"),
    "not_applicable": Text(zh="不适用", en="not applicable"),
}
SPEAKERS: Final[dict[str, Text]] = {
    "agent": Text(zh="坐席", en="agent"),
    "customer": Text(zh="客户", en="customer"),
    "mixed": Text(zh="双方", en="both parties"),
}
DEMONSTRATION: Final = Text(
    zh="文字由演示模型识别，只适合示例通话。真实通话请用 --model small 或更大的模型。",
    en="The words come from the demonstration model, which fits the sample calls only. "
    "Real calls: --model small or larger.",
)


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
