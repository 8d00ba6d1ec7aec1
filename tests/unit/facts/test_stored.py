"""What is stored is read again: this version's facts and those of the version before."""

import json

import pytest

from pipeline import facts
from pipeline.errors import FactsError
from pipeline.facts import SCHEMA, CallFacts
from scripts.validation.talk import facts_of


def before(found: CallFacts) -> dict[str, object]:
    """The same as the version before wrote it."""
    plain = json.loads(facts.encode(found))
    plain["schema"] = "qinhe.facts/1"
    for turn, was in zip(plain["turns"], found.turns, strict=True):
        del turn["said"]
        turn["words"] = [
            {
                "text": word.text,
                "span": {"start": word.span.start, "end": word.span.end},
                "speaker": word.speaker,
                "probability": word.probability,
            }
            for word in was.words
        ]
        turn["prosody"]["cues"] = [
            {"name": "f2_shift", "value": 3.0, "unit": "%", "z": 0.5, "span": turn["span"]}
        ]
    return plain


def test_facts_of_the_version_before_are_read() -> None:
    found = facts_of([("agent", "您好，请问有什么可以帮您"), ("customer", "我要 VIP 卡")])
    again = facts.decode(json.dumps(before(found)).encode(), "old.json")
    assert [turn.words for turn in again.turns] == [turn.words for turn in found.turns]
    assert all(turn.prosody and turn.prosody.cues.z == (0.5,) for turn in again.turns)
    assert again.schema == SCHEMA
    assert facts.decode(facts.encode(again), "new.json") == again


@pytest.mark.parametrize("schema", ["qinhe.facts/0", "qinhe.facts/3", None])
def test_other_versions_are_refused_by_name(schema: str | None) -> None:
    plain = before(facts_of([("agent", "您好")])) | {"schema": schema}
    with pytest.raises(FactsError, match=rf"old\.json.*{schema or 'no schema'}"):
        facts.decode(json.dumps(plain).encode(), "old.json")


def test_what_does_not_fit_the_version_before_is_refused() -> None:
    plain = before(facts_of([("agent", "您好")]))
    plain["turns"] = [{"words": [{"text": "好"}]}]
    with pytest.raises(FactsError, match=r"old\.json"):
        facts.decode(json.dumps(plain).encode(), "old.json")


def test_what_holds_plain_values_stands_on_one_line_whatever_strings_hold() -> None:
    found = facts_of([("agent", "您好 [a, {b}] 再见"), ("customer", "好的")])
    stored = facts.encode(found)
    assert facts.decode(stored, "x") == found
    assert b'"texts": ["' in stored
    assert json.loads(stored) == json.loads(facts.encode(facts.decode(stored, "x")))
