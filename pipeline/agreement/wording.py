"""The words of agreement, for the terminal, the page and the picture."""

from __future__ import annotations

from typing import Final

from pipeline.agreement.comparing import Coefficients
from pipeline.agreement.figures import Figure
from pipeline.agreement.report import Line
from pipeline.report.phrasing import OUTCOMES
from pipeline.scorecard import Text
from pipeline.store.marks import MAJORITY, SYSTEM


def _text(zh: str, en: str) -> Text:
    return Text(zh=zh, en=en)


TEXTS: Final = {
    "title": _text("评分一致性", "Agreement"),
    "raters": _text("评分人", "raters"),
    "calls": _text("通话", "calls"),
    "marks": _text("评分", "marks"),
    "criterion": _text("项目", "criterion"),
    "same": _text("相同（分数：相差）", "the same (numbers: apart)"),
    "among": _text("人与人（上限）", "rater – rater (the ceiling)"),
    "system": _text("系统与人", "system – raters"),
    "gap": _text("差距", "gap"),
    "coefficient_note": _text(
        "κ：评定用 Cohen κ，分数用平方权 κ；小字为系统与人。",
        "Verdicts: Cohen's kappa; numbers: kappa with quadratic weights; small: system – raters.",
    ),
    "gap_note": _text(
        "系统的 κ 减去人与人的 κ，同为系统评过的通话；区间含 0 即看不出系统不如人",
        "the system's kappa less the raters', on the calls that the system judged; where its "
        "interval holds 0, the system is not seen to do worse than a person",
    ),
    "interval": _text(
        "方括号内为 95% 区间（按通话重抽 {draws} 次，种子 {seed}）",
        "in brackets: 95 % intervals ({draws} redraws of calls, seed {seed})",
    ),
    "kappa": _text("κ", "κ"),
    "linear": _text("κ（线性权）", "κ, linear weights"),
    "quadratic": _text("κ（平方权）", "κ, quadratic weights"),
    "ac": _text("AC1", "AC1"),
    "ac2": _text("AC2", "AC2"),
    "alpha": _text("α", "α"),
    "icc": _text("ICC(2,1)", "ICC(2,1)"),
    "apart": _text("平均相差", "mean distance"),
    "difference": _text("偏差", "difference"),
    "matrix": _text("一致性矩阵", "Who agrees with whom"),
    "pairs": _text("两两比较", "Pair by pair"),
    "tables": _text("混淆表（行：前者；列：后者）", "Confusion tables (rows: the first)"),
    "prevalence": _text("各人怎么评", "How each marks"),
    "mean": _text("平均", "mean"),
    "spread": _text("标准差", "standard deviation"),
    "drift": _text("随时间的漂移（定期校对标准的误差）", "Drift over time"),
    "drift_note": _text(
        "与他人的一致率逐期变化；“偏松”为正表示比他人宽。变化的区间不含 0 即标为漂移。",
        "Agreement with the others by period; leniency above 0 is milder than they are. A rater "
        "drifts where the interval of the change leaves out 0.",
    ),
    "agreement": _text("一致率", "agreement"),
    "leniency": _text("偏松", "leniency"),
    "change": _text("每期变化", "change per period"),
    "turn": _text("偏松的每期变化", "change of leniency per period"),
    "drifts": _text("漂移", "drifts"),
    "steady": _text("平稳", "steady"),
    "disputes": _text("分歧最大的通话", "Calls on which people differ most"),
    "outvoted": _text("众人一致而系统不同的通话", "Calls where all differ from the system"),
    "disagreement": _text("分歧", "disagreement"),
    "said": _text("谁怎么评", "who said what"),
    "none": _text("没有", "none"),
    "ties": _text("平票", "ties"),
}
_NAMES: Final = {
    SYSTEM: _text("亲和（系统）", "Qinhe (system)"),
    MAJORITY: _text("多数人", "the majority"),
}
DASH: Final = "–"


def who(rater: str, ui: str) -> str:
    """A rater's name, or ours."""
    return _NAMES[rater].of(ui) if rater in _NAMES else rater


def category(name: str, ui: str) -> str:
    """A verdict in words; a level as it is."""
    return next((text.of(ui) for outcome, text in OUTCOMES.items() if outcome == name), name)


def main(line: Line) -> str:
    """The coefficient that says most: kappa, of numbers that with quadratic weights."""
    return "kappa" if line.scale is None else "quadratic"


def shown(found: Figure, digits: int = 2) -> str:
    """``0.56 [0.49, 0.62]``; a dash where there is no value."""
    if found.value is None:
        return DASH
    value = f"{found.value:.{digits}f}"
    if found.low is None or found.high is None:
        return value
    return f"{value} [{found.low:.{digits}f}, {found.high:.{digits}f}]"


def percent(found: Figure) -> str:
    """``81 %``."""
    return DASH if found.value is None else f"{100 * found.value:.0f} %"


def same(line: Line, coefficients: Coefficients) -> str:
    """The share of marks that are the same; of numbers without steps how far they lie apart."""
    if line.scale is None or line.categories:
        return percent(coefficients.same)
    apart = coefficients.apart.value
    return DASH if apart is None else f"±{apart:.1f}"
