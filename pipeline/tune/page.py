"""Tuning as one page that needs nothing else: no network, no script, no other file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import jinja2
from markupsafe import Markup

from pipeline.tune import pictures, text
from pipeline.tune.tuning import Tuned, Work
from pipeline.tune.wording import DASH, TEXTS, shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SHOWN = 200


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
    return _template().render(
        ui=ui,
        t={key: each.of(ui) for key, each in TEXTS.items()},
        tuned=tuned,
        names=text.names_of(work.rubric, ui),
        pictures={key: Markup(pictures.svg(each)) for key, each in drawn.items()},
        notes=[str(note) for note in text.notes(tuned, ui)],
        verdict=lambda found: text.verdict(found, ui),
        shown=shown,
        dash=DASH,
        number=lambda value: f"{value:g}",
        figure=lambda value: DASH if value is None else f"{value:.2f}",
        difference=difference,
        flips=tuned.flips[:_SHOWN],
        flipped=Counter(flip.criterion for flip in tuned.flips),
        css=_part("pipeline.report", "night.css"),
    )


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    return environment.from_string(_part("pipeline.tune", "tuning.html.j2"))


@cache
def _part(package: str, name: str) -> Markup:
    # Our own files, not anybody's input.
    return Markup(files(package).joinpath("page", name).read_text("utf-8"))
