"""Every reason that measuring can give has its Chinese wording."""

import ast
import re

import pytest

from pipeline.reasons import WORDINGS, in_chinese
from tests.conftest import ROOT

MEASURE = ROOT / "pipeline" / "measure"
# What these say goes into errors, which name what to do and are English (docs/decisions).
ERRORS = {"reading.py", "recogniser.py", "spool.py", "decoders.py", "_pitch_posterior.py"}
NOT_REASONS = {
    "8-bit linear",  # the name of a coding
    "8-bit {} (G.711)",
    "Channel({} s at {} Hz)",  # for the debugger
    "{} after pyannote {}",  # a model's name
    "after a pause",  # the place of a hesitation, never shown
    " and are not told apart",  # the rest of a clause
}
PROSE = re.compile(r"[a-z]{2,}[,:]? [a-z({]")


class Prose(ast.NodeVisitor):
    """String literals that read like a clause, except docstrings and what errors say."""

    def __init__(self) -> None:
        self.found: set[str] = set()

    def visit_Raise(self, node: ast.Raise) -> None:
        del node

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):
            self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        names = {keyword.arg for keyword in node.keywords}
        error = ast.unparse(node.func).endswith("Error")
        if not error and not names & {"expected", "found", "remedy"}:
            self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self._take(node.value)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        parts = (part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
        self._take("".join(map(str, parts)))

    def _take(self, text: str) -> None:
        if PROSE.search(text) and text not in NOT_REASONS:
            self.found.add(text)


def clauses() -> set[str]:
    prose = Prose()
    for path in MEASURE.glob("*.py"):
        if path.name not in ERRORS:
            prose.visit(ast.parse(path.read_text("utf-8"), str(path)))
    return prose.found


def filled(clause: str) -> str:
    """The clause with figures where something is filled in."""
    numbers = iter(range(3, 100))
    return re.sub(r"\{\}", lambda _: str(next(numbers)), clause)


def test_reasons_are_found() -> None:
    found = clauses()
    assert len(found) > 30
    assert {"no words", "under {} s of speech", "pauses too short"} <= found


@pytest.mark.parametrize("clause", sorted(clauses()))
def test_every_reason_has_a_chinese_wording(clause: str) -> None:
    shown = in_chinese(filled(clause))
    assert re.search("[\u4e00-\u9fff]", shown), f"add {clause!r} to pipeline/reasons.py"
    assert not re.search(r"[a-z]{3,}", shown.replace("kHz", "")), shown


@pytest.mark.parametrize("clause", sorted(WORDINGS))
def test_figures_are_carried_over(clause: str) -> None:
    given = filled(clause)
    assert sorted(re.findall(r"\d+", given)) == sorted(re.findall(r"\d+", in_chinese(given)))


def test_several_reasons_and_unknown_ones() -> None:
    assert in_chinese("no words; 0.24 s of voice, 0.30 s are needed; under 0.3 s of voice") == (
        "没有文字；浊音只有 0.24 秒，需要 0.30 秒；浊音不足 0.3 秒"
    )
    assert in_chinese("nothing above 3.4 kHz in 16 kHz sound").startswith("采样率 16 kHz")
    assert in_chinese("a reason from elsewhere") == "a reason from elsewhere"
