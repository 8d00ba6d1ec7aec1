"""The agreement matrix: who agrees with whom, as numbers to draw and as PNG."""

from __future__ import annotations

from typing import Any

from pipeline.agreement.report import Agreement, Line
from pipeline.agreement.wording import TEXTS, main, who
from pipeline.report import drawing
from pipeline.store.marks import SYSTEM

Matrix = list[list[float | None]]


def matrix(line: Line) -> tuple[list[str], Matrix]:
    """Everybody who marked or judged, and the kappa of each two; ``None``: not defined."""
    pairs = [*line.compared.pairs, *line.compared.with_system]
    names = [*line.raters, *([SYSTEM] if line.compared.with_system else [])]
    values = {
        frozenset((pair.first, pair.second)): getattr(pair.coefficients, main(line)).value
        for pair in pairs
    }
    return names, [
        [None if a == b else values.get(frozenset((a, b))) for b in names] for a in names
    ]


def png(found: Agreement, ui: str = "zh") -> bytes:
    """The matrix of the first line (all criteria pooled, where there are several) as PNG.

    Raises:
        UsageError: matplotlib is not installed.
    """
    line = best(found)
    names, values = matrix(line)
    with drawing.style():
        from matplotlib.figure import Figure

        size = 2.2 + 0.9 * len(names)
        picture = Figure(figsize=(size + 1.2, size), dpi=drawing.DPI, layout="constrained")
        _draw(picture.add_subplot(), names, values, line, ui)
    return drawing.png(picture)


def best(found: Agreement) -> Line:
    """The line whose matrix says most: all criteria pooled, else the first."""
    return next((line for line in found.lines if line.pooled), found.lines[0])


def _draw(axes: Any, names: list[str], values: Matrix, line: Line, ui: str) -> None:
    shown = [[float("nan") if value is None else value for value in row] for row in values]
    image = axes.imshow(shown, cmap=drawing.BOTH_WAYS, vmin=-1, vmax=1)
    ticks = [who(name, ui) for name in names]
    axes.set_xticks(range(len(names)), ticks, rotation=30, ha="right")
    axes.set_yticks(range(len(names)), ticks)
    for row, of_row in enumerate(values):
        for column, value in enumerate(of_row):
            if value is not None:
                dark = abs(value) > 0.6
                axes.text(
                    *(column, row, f"{value:.2f}"),
                    ha="center", va="center", color="white" if dark else "black",
                )  # fmt: skip
    axes.set_title(f"{line.name.of(ui)}: {TEXTS[main(line)].of(ui)}")
    axes.figure.colorbar(image, ax=axes, shrink=0.8)
