"""Tuning as one page that needs nothing else: no network, no script, no other file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from markupsafe import Markup

from pipeline.report import drawing, sheet
from pipeline.report.phrasing import OUTCOMES
from pipeline.rubric import Rubric
from pipeline.tune import pointstext, text
from pipeline.tune.pointing import Pointed
from pipeline.tune.tuning import Tuned, Work
from pipeline.tune.wording import DASH, TEXTS, shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SHOWN = 200
"""Calls listed on a page; all are in its CSV file."""


def render(
    tuned: Tuned,
    work: Work,
    drawn: Mapping[str, Figure],
    difference: Sequence[str] = (),
    ui: str = "zh",
) -> str:
    """The page.

    Args:
        tuned: what was found.
        work: what it was found from.
        drawn: criterion -> its picture.
        difference: lines of `qinhe rubric diff`.
        ui: "zh" or "en".
    """
    return sheet.render(
        "pipeline.tune",
        "tuning.html.j2",
        ["tune.css"],
        ui=ui,
        t={key: each.of(ui) for key, each in TEXTS.items()},
        tuned=tuned,
        names=text.names_of(work.rubric, ui),
        pictures={key: Markup(drawing.svg(each)) for key, each in drawn.items()},
        notes=[str(note) for note in text.notes(tuned, ui)],
        verdict=lambda found: text.verdict(found, ui),
        shown=shown,
        dash=DASH,
        outcome=lambda name: OUTCOMES[name].of(ui),
        number=lambda value: f"{value:g}",
        figure=lambda value: DASH if value is None else f"{value:.2f}",
        difference=difference,
        flips=tuned.flips[:_SHOWN],
        flipped=Counter(flip.criterion for flip in tuned.flips),
    )


def render_points(
    found: Pointed,
    rubric: Rubric,
    drawn: Figure | None,
    difference: Sequence[str] = (),
    ui: str = "zh",
) -> str:
    """The page of tuned points.

    Args:
        found: what was found.
        rubric: the one in force.
        drawn: its picture, where anything was fitted.
        difference: lines of `qinhe rubric diff`.
        ui: "zh" or "en".
    """
    fit = found.fit
    return sheet.render(
        "pipeline.tune",
        "points.html.j2",
        ["tune.css"],
        ui=ui,
        t={key: each.of(ui) for key, each in TEXTS.items()},
        found=found,
        fit=fit,
        overall=found.overall,
        verdict="" if fit is None else pointstext.verdict(fit, ui),
        figures=[] if fit is None else pointstext.figures(fit, ui),
        notes=pointstext.notes(found, ui),
        names=text.names_of(rubric, ui),
        pillars={key: each.name.of(ui) for key, each in rubric.pillars.items()},
        picture=None if drawn is None else Markup(drawing.svg(drawn)),
        difference=difference,
        moved=found.moved[:_SHOWN],
        number=lambda value: f"{value:g}",
    )
