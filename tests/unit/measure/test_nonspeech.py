import numpy as np
import pytest

from pipeline.measure.channel import from_samples
from pipeline.measure.crosstalk import Line
from pipeline.measure.frames import frame_count
from pipeline.measure.music import continuous_activation
from pipeline.measure.nonspeech import find, ringing
from pipeline.settings import load_measure_settings
from scripts.synthesis import sounds

SETTINGS = load_measure_settings().speech.nonspeech


def silence(seconds, rate=8000):
    return np.zeros(round(seconds * rate))


def tone(seconds, *frequencies, rate=8000):
    at = np.arange(round(seconds * rate)) / rate
    return 0.1 * np.sum([np.sin(2 * np.pi * f * at) for f in frequencies], axis=0)


def heard_in(samples, rate=8000, noise_dbov=-70, speech=0.0):
    noise = np.random.default_rng(2).standard_normal(len(samples)) * 10 ** (noise_dbov / 20)
    channel = from_samples(samples + noise, rate)
    frames = frame_count(channel)
    padded = np.zeros(frames * (rate // 100))
    padded[: len(samples)] = samples + noise
    power = np.mean(padded.reshape(frames, rate // 100) ** 2, axis=1)
    level = 10 * np.log10(power + 1e-10)
    probability = np.full(frames, speech, np.float32)
    return find(Line(channel), 0, level.astype(np.float32), probability, SETTINGS)


CADENCES = {
    "China": ((450,), 1.0, 4.0, "ringback"),
    "Europe": ((425,), 1.0, 4.0, "ringback"),
    "America": ((440, 480), 2.0, 4.0, "ringback"),
    "China busy": ((450,), 0.35, 0.35, "busy"),
    "Europe busy": ((425,), 0.5, 0.5, "busy"),
    "America busy": ((480, 620), 0.5, 0.5, "busy"),
}


@pytest.mark.parametrize("rate", [8000, 16000])
@pytest.mark.parametrize(("hz", "on", "off", "kind"), CADENCES.values(), ids=CADENCES)
def test_call_progress_tones_by_their_rhythm(hz, on, off, kind, rate):
    series = [np.concatenate([tone(on, *hz, rate=rate), silence(off, rate)])] * 3
    found = heard_in(np.concatenate([silence(1, rate), *series]), rate)
    assert [one.kind for one in found.tones] == [kind] * 3
    for i, one in enumerate(found.tones):
        assert one.span.start == pytest.approx(1 + i * (on + off), abs=0.05)
        assert one.span.end == pytest.approx(1 + i * (on + off) + on, abs=0.05)
    assert not found.music


def test_ringing_lasts_from_the_first_to_the_last_ring():
    rings, _ = sounds.ringback(12)
    found = heard_in(np.concatenate([silence(2), 0.1 * rings, silence(9), 0.1 * rings]))
    first, second = ringing(found.tones, SETTINGS)
    assert (first.start, first.end) == pytest.approx((2.0, 13.0), abs=0.05)
    assert (second.start, second.end) == pytest.approx((23.0, 34.0), abs=0.05)


KEYS = {"1": (697, 1209), "5": (770, 1336), "9": (852, 1477), "#": (941, 1477), "D": (941, 1633)}


@pytest.mark.parametrize("noise_dbov", [-70, -45])
def test_keys(noise_dbov):
    presses = [np.concatenate([tone(0.1, *hz), silence(0.1)]) for hz in KEYS.values()]
    found = heard_in(np.concatenate([silence(1), *presses]), noise_dbov=noise_dbov)
    assert [one.kind for one in found.tones] == ["dtmf"] * len(KEYS)
    assert [one.span.start for one in found.tones] == pytest.approx(
        [1 + 0.2 * i for i in range(len(KEYS))], abs=0.04
    )


def test_nobody_presses_keys_in_the_middle_of_a_word():
    press = np.concatenate([silence(1), tone(0.1, 770, 1336), silence(1)])
    assert heard_in(press, speech=0.9).tones == ()


def test_a_beep_is_no_progress_tone():
    (beep,) = heard_in(np.concatenate([silence(1), tone(0.4, 1400), silence(1)])).tones
    assert beep.kind == "beep"
    (dial,) = heard_in(tone(10, 440)).tones
    assert dial.kind == "beep"


def test_hold_music_and_where_it_plays():
    music = sounds.hold_music(20, -26, np.random.default_rng(0))
    found = heard_in(np.concatenate([silence(5), music, silence(5)]))
    (span,) = found.music
    assert (span.start, span.end) == pytest.approx((5, 25), abs=0.5)
    assert found.tones == ()  # a plucked note on its own is as pure as a beep


def test_chords_are_music():
    chance = np.random.default_rng(3)
    chords = [
        tone(1.5, *(220 * 2 ** ((chance.integers(12) + step) / 12) * h for h in (1, 2, 3)))
        for _ in range(8)
        for step in (0,)
    ]
    assert heard_in(np.concatenate(chords)).music


def test_singing_is_music_whatever_the_speech_model_says():
    music = sounds.hold_music(20, -26, np.random.default_rng(0))
    assert heard_in(music, speech=0.9).music


@pytest.mark.parametrize(
    "samples",
    [
        silence(10),
        np.random.default_rng(0).standard_normal(80000) * 0.1,
        np.full(80000, 0.3),
        0.8 * (np.arange(80000) % 4000 == 0),
        0.3 * np.sign(np.sin(2 * np.pi * 100 * np.arange(80000) / 8000)),
        0.3 * np.sin(2 * np.pi * np.cumsum(np.linspace(100, 3000, 80000)) / 8000),
        np.ones(1),
        np.zeros(0),
    ],
    ids=["silence", "noise", "DC", "clicks", "hum", "sweep", "one sample", "empty"],
)
def test_nothing_is_invented(samples):
    found = heard_in(samples, noise_dbov=-90)
    assert found.tones == ()
    assert found.music == ()


def test_activation_of_level_lines_and_of_none():
    lines = np.zeros((4, 200), np.float32)
    lines[:, 20::40] = 1.0
    assert continuous_activation(lines) == pytest.approx([5.0, 5.0, 5.0])
    assert continuous_activation(np.full((4, 200), 0.3, np.float32)).max() == 0
    assert len(continuous_activation(lines[:1])) == 0
