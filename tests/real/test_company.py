"""A call that is passed on to a colleague, on one channel."""

from pathlib import Path

import pytest

from pipeline.facts import AGENT, CUSTOMER
from pipeline.measure import call
from pipeline.measure.cache import Cache
from pipeline.measure.roles import revised
from pipeline.settings import load_measure_settings
from scripts.validation.mono import samples, transcript

SETTINGS = load_measure_settings()


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory):
    """The sample call whose agent passes the call on, its true words given."""
    source = next(each for each in samples() if each.name == "shouting_quarrel")
    words: Path = tmp_path_factory.mktemp("company") / "words.json"
    transcript(source, words, labelled=True)
    recording = call.Recording((source.path,), source.name, transcript=words)
    models = call.load_models(SETTINGS, None, None)
    with call.opened(recording, SETTINGS.audio) as audio:
        return call.measure(audio, recording, models, SETTINGS, Cache(None)).facts


def test_each_agent_has_their_own_turns(facts) -> None:
    assert [each.speaker for each in facts.speakers] == ["voice-3", AGENT, CUSTOMER]
    said = {turn.text: turn.speaker for turn in facts.turns}
    greeting = next(text for text in said if text.startswith("您好这里是远山旅游"))
    colleague = next(text for text in said if text.startswith("喂财务"))
    assert said[greeting] == "voice-3"
    assert said[colleague] == AGENT  # who talks more is judged ...
    assert revised(facts, 3).turns[0].speaker == AGENT  # ... and the other one on demand


def test_nobody_is_counted_twice(facts) -> None:
    talk = {each.speaker: each.talk_s for each in facts.speakers}
    assert talk[AGENT] == pytest.approx(19.9, abs=1.0)
    assert talk["voice-3"] == pytest.approx(7.8, abs=1.0)
    assert facts.roles.source == "channels"
