"""Real calls mixed to one channel, and a whole mono recording from file to facts."""

import soundfile

from pipeline.facts import AGENT, CUSTOMER
from pipeline.measure import call, speakers, speech
from pipeline.measure.cache import Cache
from pipeline.measure.channel import from_samples
from pipeline.measure.vad import load_vad
from pipeline.settings import load_measure_settings
from scripts.validation import der
from scripts.validation.calls import RATE_HZ, white
from scripts.validation.speakers import _masks, mixed_calls, noisy, single_voices

SETTINGS = load_measure_settings()


def errors(mixed):
    """Per recording: DER with a collar of 0.25 s, and how many voices were found."""
    vad, encoder = load_vad(), speakers.load_encoder()
    for each in mixed:
        channel = from_samples(each.samples, RATE_HZ)
        heard = speech.detect([channel], SETTINGS.speech, vad).channels[0].speech
        found = speakers.diarize(channel, heard, SETTINGS.speakers, encoder)
        voices = _masks(found.speech, each.truth.shape[1])
        yield der.score(each.truth, voices, 0.25, each.known), found


def test_calls_mixed_to_one_channel(recordings):
    found = [error for error, _ in errors(mixed_calls(recordings))]
    assert sum(found[1:], found[0]).percent < 3.5
    assert max(each.percent for each in found) < 20


def test_calls_through_noise_and_a_coder(recordings):
    calls = (noisy(each, white(len(each.samples), 1)[0]) for each in mixed_calls(recordings))
    found = [error for error, _ in errors(calls)]
    assert sum(found[1:], found[0]).percent < 8
    assert max(each.percent for each in found) < 20  # two women who sound alike among them


def test_a_second_voice_is_seldom_invented(recordings):
    found = [separation for _, separation in errors(single_voices(recordings))]
    invented = [each for each in found if len(each.speech) > 1]
    assert len(invented) <= 2
    assert not any(len(each.speech) > 2 for each in found)


def test_a_mono_call_has_an_agent_and_a_customer(recordings, tmp_path):
    (mixed,) = (each for each in mixed_calls(recordings) if each.name.endswith("02e41649e7c441fd"))
    path = tmp_path / "call.wav"
    soundfile.write(path, mixed.samples, RATE_HZ, subtype="PCM_16")
    models = call.load_models(SETTINGS, None, None)
    recording = call.Recording((path,), "call")
    with call.opened(recording, SETTINGS.audio) as audio:
        facts = call.measure(audio, recording, models, SETTINGS, Cache(None)).facts
    parties = {party.speaker: party for party in facts.speakers}
    assert set(parties) == {AGENT, CUSTOMER}
    assert {party.voice for party in parties.values()} == {1, 2}
    assert facts.roles is not None
    assert "speakers" in {origin.stage for origin in facts.provenance}
    for party in parties.values():
        assert party.f0_median_hz is not None
        assert party.level_dbov is not None
        assert 0 < party.talk_error_s < 0.2 * party.talk_s
    assert all(0.5 < turn.confidence < 1 for turn in facts.turns)
    assert all(turn.prosody is not None for turn in facts.turns)
    # A man and a woman, an octave apart.
    low, high = sorted(party.f0_median_hz for party in parties.values())
    assert high > 1.5 * low
