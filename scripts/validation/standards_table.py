"""Writes docs/standards.md: every row of the standard, and how it is judged.

python -m scripts.validation.standards_table
"""

from __future__ import annotations

from pathlib import Path

from pipeline.rubric import AnyCriterion, shipped
from pipeline.rubric.kinds import Events, Measure
from pipeline.standards import Standard, catalogue

DOCS = Path(__file__).resolve().parents[2] / "docs" / "standards.md"
HEAD = """# The standard, row by row

Made by `python -m scripts.validation.standards_table`; a test holds it to the catalogue
(`configs/standards.yaml`) and the default rubric (`configs/rubrics/affinity-zh-v1.yaml`). The
quoted words are the source documents': {documents}.
Rows that one recording cannot show are listed with the reason.

| row | standard | the documents' words | judged by | points |
|---|---|---|---|---|
"""


def table() -> str:
    """The whole page."""
    rows = catalogue()
    documents = ", ".join(f"{key} {name.zh}" for key, name in rows.documents.items())
    criteria = shipped("affinity-zh-v1").criteria
    lines = [
        _line(row, [each for each in criteria if each.standard == row.id]) for row in rows.standards
    ]
    return HEAD.format(documents=documents) + "\n".join(lines) + "\n"


def _line(row: Standard, criteria: list[AnyCriterion]) -> str:
    quotes = "；".join(f"{key}：{words}" for key, words in row.quotes.items())
    judged = "; ".join(map(_how, criteria)) or (f"*{row.reason.en}*" if row.reason else "")
    points = " + ".join(f"{each.points:g}" for each in criteria)
    name = f"{row.name.zh} ({row.name.en})"
    return f"| {row.id} | {_cell(name)} | {_cell(quotes)} | {_cell(judged)} | {points} |"


def _how(each: AnyCriterion) -> str:
    kind = type(each).__struct_config__.tag
    detail = ""
    if isinstance(each, Measure):
        limits = [f"from {each.low:g}"] if each.low is not None else []
        limits += [f"to {each.high:g}"] if each.high is not None else []
        detail = f" {each.measure} {' '.join(limits)}"
    elif isinstance(each, Events):
        detail = f" {each.event}, at most {each.at_most:g} per {each.per}"
    severity = "" if each.severity == "normal" else f", {each.severity}"
    when = "" if each.when == "always" else f", when {each.when}"
    return f"`{each.id}`: {kind}{detail}{when}{severity}"


def _cell(text: str) -> str:
    return text.replace("|", "/").replace("\n", " ")


if __name__ == "__main__":
    DOCS.write_text(table(), encoding="utf-8")
