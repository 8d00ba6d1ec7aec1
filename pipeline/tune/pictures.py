"""Tuning as pictures: the objective along a threshold, ROC and precision, values by verdict."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.report.drawing import ACCENT, DPI, MET, MISSED, SOFT, style
from pipeline.tune.fit import Fit, Moved
from pipeline.tune.objective import Floats, counts_of, false_flag_rate, precision, recall
from pipeline.tune.sample import Sample
from pipeline.tune.table import BY_VALUE, Flags, Setting
from pipeline.tune.tuning import Tuned, Work, sample
from pipeline.tune.wording import say

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_WIDE: Final = 4.6
_HIGH: Final = 3.4
_LINES: Final = ("-", "--", "-.", ":")
"""Of several numbers of one criterion: of a low limit and a high one."""


def of(found: Fit, work: Work, tuned: Tuned, ui: str = "zh") -> Figure:
    """Everything about one criterion in one picture.

    Raises:
        UsageError: matplotlib is not installed.
    """
    marked = sample(work, tuned.truths[found.criterion])
    names = {each.id: each.name.of(ui) for each in work.rubric.criteria}
    with style():
        from matplotlib.figure import Figure as Drawing

        limits = [knob for knob in found.knobs if knob.key in marked.table.limits]
        spread = bool(limits) and bool(_values(marked, found.setting)[1].any())
        panels = len(found.knobs) + 2 + spread
        rows = (panels + 1) // 2
        drawing = Drawing(figsize=(2 * _WIDE, _HIGH * rows), dpi=DPI, layout="constrained")
        axes = list(drawing.subplots(rows, 2, squeeze=False).flat)
        for knob, panel in zip(found.knobs, axes, strict=False):
            draw_curve(panel, knob, found, ui)
        if spread:
            draw_values(axes[len(found.knobs)], marked, found, ui)
        draw_roc(axes[panels - 2], marked, found.knobs, ui)
        draw_precision(axes[panels - 1], marked, found.knobs, ui)
        for empty in axes[panels:]:
            empty.set_axis_off()
        drawing.suptitle(names[found.criterion])
    return drawing


# ── Panels ───────────────────────────────────────────────────────────────────────────────────────


def draw_curve(axes: Any, knob: Moved, found: Fit, ui: str = "zh") -> None:
    """The objective along a knob, with its interval; grey: now, green: proposed and as good."""
    x = knob.candidates
    axes.axvspan(knob.low, knob.high, color=ACCENT, alpha=0.1, lw=0)
    axes.fill_between(x, knob.score_low, knob.score_high, color=MET, alpha=0.2, lw=0)
    axes.plot(x, knob.scores, color=MET, lw=1.8)
    _mark(axes, knob, ui, changed=knob.key in found.changes)
    axes.set_xlabel(f"{found.criterion}.{knob.key}")
    axes.set_ylabel(found.objective)
    axes.set_title(say("curve", ui), fontsize=10, loc="left")


def _mark(axes: Any, knob: Moved, ui: str, *, changed: bool) -> None:
    best = say("proposed" if changed else "best", ui)
    axes.axvline(
        knob.present, color=SOFT, ls="--", lw=1.4, label=f"{say('now', ui)} {knob.present:g}"
    )
    axes.axvline(knob.best, color=ACCENT, lw=1.6, label=f"{best} {knob.best:g}")
    axes.legend(frameon=False, fontsize=8)


def draw_values(axes: Any, marked: Sample, found: Fit, ui: str = "zh") -> None:
    """How the measured value is spread over calls that raters say are met, and missed."""
    values, known = _values(marked, found.setting)
    low, high = (float(each) for each in np.quantile(values[known], (0.005, 0.995)))
    bins = np.linspace(low, high if high > low else low + 1, 31)
    groups = (("met", MET, ~marked.marked), ("missed", MISSED, marked.marked))
    for key, colour, group in groups:
        axes.hist(values[known & group], bins=bins, color=colour, alpha=0.6, label=say(key, ui))
    for knob in (each for each in found.knobs if each.key in marked.table.limits):
        axes.axvline(knob.present, color=SOFT, ls="--", lw=1.4)
        axes.axvline(knob.best, color=ACCENT, lw=1.6)
    axes.set_xlabel(say("value", ui))
    axes.set_ylabel(say("calls", ui))
    axes.set_title(say("distribution", ui), fontsize=10, loc="left")
    axes.legend(frameon=False, fontsize=8)


def draw_roc(axes: Any, marked: Sample, knobs: Sequence[Moved], ui: str = "zh") -> None:
    """Recall against false flags along each number, the others as proposed."""
    axes.plot([0, 1], [0, 1], color=SOFT, lw=0.8, ls=":")
    for knob, line in zip(knobs, itertools.cycle(_LINES), strict=False):
        swept, ends = _swept(marked, knob, knobs)
        axes.plot(false_flag_rate(swept), recall(swept), color=MET, ls=line, lw=1.8, label=knob.key)
        _ends(axes, false_flag_rate(ends), recall(ends))
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    axes.set_xlabel(say("false_flags", ui))
    axes.set_ylabel(say("recall", ui))
    axes.set_title(say("roc", ui), fontsize=10, loc="left")
    if len(knobs) > 1:
        axes.legend(frameon=False, fontsize=8, loc="lower right")


def draw_precision(axes: Any, marked: Sample, knobs: Sequence[Moved], ui: str = "zh") -> None:
    """Precision against recall along each number; dotted: what flagging every call gives."""
    axes.axhline(float(marked.marked.mean()), color=SOFT, lw=0.8, ls=":")
    for knob, line in zip(knobs, itertools.cycle(_LINES), strict=False):
        swept, ends = _swept(marked, knob, knobs)
        flagged = swept[..., :2].sum(axis=-1) > 0
        axes.plot(
            recall(swept[flagged]), precision(swept[flagged]), color=MET, ls=line, lw=1.8,
            label=knob.key,
        )  # fmt: skip
        _ends(axes, recall(ends), precision(ends))
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    axes.set_xlabel(say("recall", ui))
    axes.set_ylabel(say("precision", ui))
    axes.set_title(say("pr", ui), fontsize=10, loc="left")
    if len(knobs) > 1:
        axes.legend(frameon=False, fontsize=8, loc="lower right")


def _ends(axes: Any, x: Floats, y: Floats) -> None:
    axes.plot(x[0], y[0], "o", color=SOFT, ms=6)
    axes.plot(x[1], y[1], "o", color=ACCENT, ms=6)


def _values(marked: Sample, setting: Setting) -> tuple[Floats, Flags]:
    """What limits are held against under a setting, and which calls have it."""
    cell = marked.table.cell(setting)
    return marked.table.values[cell], marked.table.codes[cell] == BY_VALUE


def _swept(marked: Sample, knob: Moved, knobs: Sequence[Moved]) -> tuple[Floats, Floats]:
    """Counts along every value of one number; and at the present and the proposed one."""
    others = {each.key: each.best for each in knobs if each.key != knob.key}
    span: Sequence[float] = knob.candidates
    if knob.key in marked.table.limits:
        values, known = _values(marked, others)
        places = np.unique(values[known]).tolist() or [knob.present]
        span = [places[0] - 1, *places, places[-1] + 1]
    flags = [marked.table.missed({**others, knob.key: at}) for at in span]
    ends = [marked.table.missed({**others, knob.key: at}) for at in (knob.present, knob.best)]
    return counts_of(np.stack(flags), marked.marked), counts_of(np.stack(ends), marked.marked)
