"""Tuned points as a picture: what they were and come to, our marks against people's, the hold."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.report.drawing import ACCENT, DPI, MET, SOFT, style
from pipeline.tune.overall import Overall
from pipeline.tune.pointing import Pointed, PointsWork, points_of
from pipeline.tune.points import PULLS, PointsFit
from pipeline.tune.wording import say

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST: Final = 24
"""Criteria shown: those that move most."""
_WIDE: Final = 10.0
_ROW: Final = 0.3


def of(found: Pointed, work: PointsWork, ui: str = "zh") -> Figure:
    """Everything about the points in one picture.

    Raises:
        UsageError: matplotlib is not installed.
        ValueError: nothing was fitted.
    """
    fit, overall = found.fit, found.overall
    if fit is None or overall is None or not fit.points:
        raise ValueError("nothing was fitted")
    names = {each.id: each.name.of(ui) for each in work.written.criteria}
    with style():
        from matplotlib.figure import Figure as Drawing

        rows = min(_MOST, sum(each.held is None for each in fit.points))
        high = max(3.4, 1.2 + _ROW * rows)
        drawing = Drawing(figsize=(_WIDE, high + 3.6), dpi=DPI, layout="constrained")
        grid = drawing.add_gridspec(2, 2, height_ratios=(high, 3.6))
        draw_points(drawing.add_subplot(grid[0, :]), fit, names, ui)
        draw_marks(drawing.add_subplot(grid[1, 0]), fit, overall, work, ui)
        draw_hold(drawing.add_subplot(grid[1, 1]), fit, ui)
    return drawing


def draw_points(axes: Any, fit: PointsFit, names: dict[str, str], ui: str) -> None:
    """Each criterion's points now (grey) and proposed (green), with where redrawing puts them."""
    free = [each for each in fit.points if each.held is None]
    free.sort(key=lambda each: abs(each.best - each.present))
    rows = free[-_MOST:]
    at = np.arange(len(rows))
    axes.hlines(at, [r.low for r in rows], [r.high for r in rows], color=ACCENT, alpha=0.3, lw=5)
    axes.plot([r.present for r in rows], at, "o", color=SOFT, ms=6, label=say("now", ui))
    axes.plot([r.best for r in rows], at, "o", color=ACCENT, ms=6, label=say("proposed", ui))
    axes.set_yticks(at, [names[r.criterion] for r in rows])
    axes.set_xlabel(say("points", ui))
    axes.set_xlim(left=0)
    axes.legend(frameon=False, fontsize=8, loc="lower right")


def draw_marks(axes: Any, fit: PointsFit, overall: Overall, work: PointsWork, ui: str) -> None:
    """Our marks under the present (grey) and the proposed points against people's."""
    at = [index for index, call in enumerate(work.call_ids) if call in overall.values]
    wanted = [overall.values[work.call_ids[index]] for index in at]
    shares, layout = work.shares.of(np.array(at, np.int64)), work.layout
    best = points_of(layout, {each.criterion: each.best for each in fit.points})
    for points, colour in ((layout.present, SOFT), (best, ACCENT)):
        axes.plot(shares.marks(points * layout.scale), wanted, "o", color=colour, ms=3, alpha=0.5)
    axes.set_xlabel(say("ours", ui))
    axes.set_ylabel(say("theirs", ui))


def draw_hold(axes: Any, fit: PointsFit, ui: str) -> None:
    """The correlation on calls held out, by how strongly the present points are held."""
    at = np.arange(len(PULLS))[::-1]
    axes.plot(at, fit.curve, "o-", color=MET, lw=1.8, ms=4)
    chosen = PULLS.index(math.inf if fit.pull is None else fit.pull)
    axes.plot(at[chosen], fit.curve[chosen], "o", color=ACCENT, ms=7)
    axes.set_xticks(at, ["∞" if math.isinf(pull) else f"{pull:g}" for pull in PULLS])
    axes.set_xlabel(say("pull", ui))
    axes.set_ylabel(say("correlation", ui))
