"""Agreement as one page that needs nothing else: no network, no script, no other file."""

from __future__ import annotations

from typing import Any, Final

from pipeline.agreement import picture
from pipeline.agreement.drift import Drift
from pipeline.agreement.figures import Figure
from pipeline.agreement.report import Agreement, Line
from pipeline.agreement.text import names_of, told
from pipeline.agreement.wording import DASH, TEXTS, category, main, percent, same, shown, who
from pipeline.report import sheet

_CELL: Final = 74
_MARGIN: Final = 150
_DARKEST: Final = 0.4
"""How much of the colour a cell takes at most: text on it must stay readable."""
_WIDTH: Final = 300
_HEIGHT: Final = 90
_OF_VERDICTS: Final = ("same", "kappa", "ac", "alpha", "difference")
_OF_NUMBERS: Final = ("quadratic", "icc", "alpha", "apart", "difference")
_OF_STEPS: Final = ("same", "kappa", "linear", "quadratic", "ac", "icc", "alpha", "difference")


def render(found: Agreement, ui: str = "zh") -> str:
    """The page, in ``ui`` ("zh" or "en")."""
    return sheet.render(
        "pipeline.agreement",
        "agreement.html.j2",
        ["agreement.css"],
        ui=ui,
        t={key: text.of(ui) for key, text in TEXTS.items()},
        found=found,
        best=picture.best(found),
        grid=lambda line: grid(line, ui),
        columns=_columns,
        heading=lambda line, name: _heading(line, name, ui),
        main=lambda line, coefficients: getattr(coefficients, main(line)),
        get=getattr,
        shown=shown,
        percent=percent,
        why=lambda figure: _why(figure, ui),
        worse=lambda gap: gap.high is not None and gap.high < 0,
        who=lambda rater: who(rater, ui),
        category=lambda name: category(name, ui),
        shade=_shade,
        course=course,
        told=lambda dispute: told(dispute, names_of(found, ui), ui),
        same=same,
        number=lambda value: DASH if value is None else f"{value:.1f}",
    )


def _columns(line: Line) -> tuple[str, ...]:
    if line.scale is None:
        return _OF_VERDICTS
    return _OF_STEPS if line.categories else _OF_NUMBERS


def _heading(line: Line, name: str, ui: str) -> str:
    return TEXTS["ac2" if name == "ac" and line.scale is not None else name].of(ui)


def _why(found: Figure, ui: str) -> str:
    return "" if found.reason is None else found.reason.of(ui)


def _shade(count: int, of: int) -> str:
    """How much of the colour a cell of a confusion table takes."""
    return f"{_DARKEST * count / of:.2f}" if of else "0"


# ── Pictures, as numbers that the template draws ─────────────────────────────────────────────────


def grid(line: Line, ui: str) -> dict[str, Any]:
    """The agreement matrix."""
    names, values = picture.matrix(line)
    cells = [
        {
            "x": _MARGIN + column * _CELL,
            "y": row * _CELL,
            "value": value,
            "text": "" if row == column else DASH if value is None else f"{value:.2f}",
            "shade": 0.0 if value is None else round(_DARKEST * min(1.0, abs(value)), 2),
            "title": f"{who(a, ui)} – {who(b, ui)}",
        }
        for row, (a, of_row) in enumerate(zip(names, values, strict=True))
        for column, (b, value) in enumerate(zip(names, of_row, strict=True))
    ]
    labels = [
        {"text": who(name, ui), "row": (place + 0.5) * _CELL, "x": _MARGIN + (place + 0.5) * _CELL}
        for place, name in enumerate(names)
    ]
    side = len(names) * _CELL
    return {
        "cells": cells,
        "labels": labels,
        "cell": _CELL,
        "margin": _MARGIN,
        "side": side,
        "width": _MARGIN + side,
        "height": side + 28,
    }


def course(each: Drift) -> dict[str, Any]:
    """A rater's agreement period by period, from half (below) to all (above)."""
    step = _WIDTH / max(1, len(each.periods))

    def y(share: float) -> float:
        return round(4 + (_HEIGHT - 24) * (1 - min(1.0, max(0.0, 2 * share - 1))), 1)

    points = [
        {
            "x": round((place + 0.5) * step, 1),
            "y": y(period.agreement.value),
            "low": y(period.agreement.low) if period.agreement.low is not None else None,
            "high": y(period.agreement.high) if period.agreement.high is not None else None,
            "name": period.name,
            "shown": percent(period.agreement),
        }
        for place, period in enumerate(each.periods)
        if period.agreement.value is not None
    ]
    line = " ".join(f"{point['x']},{point['y']}" for point in points)
    return {"points": points, "line": line, "width": _WIDTH, "height": _HEIGHT}
