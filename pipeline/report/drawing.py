"""How our pictures look: fonts that have Chinese, few lines, the pages' colours; PNG and SVG."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from pipeline.errors import UsageError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FONTS: Final = (
    "Noto Sans CJK SC",
    "PingFang SC",
    "Microsoft YaHei",
    "WenQuanYi Zen Hei",
    "SimHei",
    "Noto Serif CJK SC",
)
"""Fonts that have Chinese, the ones that people like first."""
DPI: Final = 150
INK: Final = "#1f2328"
SOFT: Final = "#8a8f98"
"""What is now; axes; what is only there to compare with."""
ACCENT: Final = "#17695e"
"""What is proposed; the pages' `--agent`."""
MET: Final = "#4477aa"
MISSED: Final = "#cc6677"
"""Tol's (2021) muted pair, told apart by those who see no red or green."""
BOTH_WAYS: Final = "BrBG"
"""A map of colours from -1 to 1."""


@contextmanager
def style() -> Iterator[None]:
    """Our way of drawing.

    Raises:
        UsageError: matplotlib is not installed.
    """
    try:
        import matplotlib as mpl
        from matplotlib import font_manager
    except ModuleNotFoundError:
        raise UsageError("Pictures need matplotlib: pip install 'qinhe[tune]'.") from None
    known = {font.name for font in font_manager.fontManager.ttflist}
    settings: Any = {
        "font.family": [*[name for name in FONTS if name in known][:1], "sans-serif"],
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.unicode_minus": False,
        "svg.fonttype": "none",
        "svg.hashsalt": "qinhe",
    }
    with mpl.rc_context(settings):
        yield


def png(drawing: Figure) -> bytes:
    """The picture as PNG; the same picture is the same bytes."""
    buffer = io.BytesIO()
    with style():
        drawing.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def svg(drawing: Figure) -> str:
    """The picture as SVG for a page, its text as text."""
    buffer = io.StringIO()
    with style():
        drawing.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]
