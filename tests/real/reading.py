"""What a person reads of a report, without its dress."""

import html
import io
import re

from rich.console import Console

from pipeline.report.text import render
from pipeline.scorecard import Scorecard


def of_page(page: str) -> str:
    """The words that a page shows, blanks as they come."""
    body = page[page.index("<body") :]
    shown = re.sub(r"<(script|style).*?</\1>|<title.*?</desc>", " ", body, flags=re.DOTALL)
    return plain(html.unescape(re.sub(r"<[^>]+>", " ", shown)))


def of_terminal(scorecard: Scorecard, ui: str) -> str:
    """The words that the terminal shows, were it wide enough for every line."""
    out = io.StringIO()
    Console(file=out, width=4000, highlight=False).print(render(scorecard, ui))
    return plain(out.getvalue())


def plain(text: str) -> str:
    """Without blanks, which differ from one dress to the other."""
    return re.sub(r"\s+", "", text)
