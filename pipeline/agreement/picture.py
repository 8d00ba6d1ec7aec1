"""The agreement matrix: who agrees with whom, as numbers to draw and as PNG."""

from __future__ import annotations

import io
from typing import Any, Final

from pipeline.agreement.report import Agreement, Line
from pipeline.agreement.wording import TEXTS, main, who
from pipeline.errors import UsageError
from pipeline.store.marks import SYSTEM

FONTS: Final = (
    "Noto Sans CJK SC",
    "PingFang SC",
    "Microsoft YaHei",
    "WenQuanYi Zen Hei",
    "SimHei",
    "Noto Serif CJK SC",
)
"""Fonts that have Chinese, the ones that people like first."""
_DPI: Final = 160

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
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure as Drawing
    except ModuleNotFoundError:
        raise UsageError("PNG needs the package matplotlib: pip install 'qinhe[tune]'.") from None
    line = best(found)
    names, values = matrix(line)
    with mpl.rc_context({"font.family": [*_installed(), "sans-serif"], "font.size": 11}):
        size = 2.2 + 0.9 * len(names)
        drawing = Drawing(figsize=(size + 1.2, size), dpi=_DPI, layout="constrained")
        _draw(drawing.add_subplot(), names, values, line, ui)
        buffer = io.BytesIO()
        drawing.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def best(found: Agreement) -> Line:
    """The line whose matrix says most: all criteria pooled, else the first."""
    return next((line for line in found.lines if line.pooled), found.lines[0])


def _installed() -> list[str]:
    """Fonts that have Chinese, of those that are there."""
    from matplotlib import font_manager

    known = {font.name for font in font_manager.fontManager.ttflist}
    return [name for name in FONTS if name in known]


def _draw(axes: Any, names: list[str], values: Matrix, line: Line, ui: str) -> None:
    shown = [[float("nan") if value is None else value for value in row] for row in values]
    image = axes.imshow(shown, cmap="BrBG", vmin=-1, vmax=1)
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
