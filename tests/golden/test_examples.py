"""Every audible row of the standard: a call that meets it, and one that misses it."""

import functools
from pathlib import Path

import pytest
import yaml

from pipeline.judge.call import Judge, compile
from pipeline.rubric import load_lexicon, shipped
from pipeline.scorecard import Finding
from scripts.validation.talk import facts_of, read_line

EXAMPLES = yaml.safe_load((Path(__file__).parent / "examples.yaml").read_text(encoding="utf-8"))


@functools.cache
def judge() -> Judge:
    rubric = shipped("affinity-zh-v1")
    return compile(rubric, load_lexicon(rubric.lexicon))


def findings(standard: str, call: dict) -> list[Finding]:
    lines = [read_line(line) for line in call["lines"]]
    card = judge().score(facts_of(lines, speaker_more=call.get("speakers")))
    return [each for each in card.findings if each.standard == standard]


@pytest.mark.parametrize("standard", EXAMPLES)
def test_the_call_that_meets_the_standard(standard: str) -> None:
    outcomes = {each.outcome for each in findings(standard, EXAMPLES[standard]["meets"])}
    assert "met" in outcomes
    assert "missed" not in outcomes


@pytest.mark.parametrize("standard", EXAMPLES)
def test_the_call_that_misses_the_standard(standard: str) -> None:
    missed = [
        each
        for each in findings(standard, EXAMPLES[standard]["misses"])
        if each.outcome == "missed"
    ]
    assert missed
    assert all(each.reason.zh and each.reason.en for each in missed)
    assert all(each.points.won < each.points.possible or not each.points.possible
               for each in missed)  # fmt: skip
