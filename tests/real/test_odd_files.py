"""Recordings that break readers, and real calls, through `open_audio` and `measure_quality`."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.errors import AudioError
from pipeline.measure.audio import open_audio
from pipeline.measure.quality import measure_quality
from pipeline.settings import MeasureSettings, load_measure_settings

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
ODD = DATA / "odd"
pytestmark = pytest.mark.skipif(
    not ODD.is_dir(), reason="the real recordings (../shared/data) are not here"
)


@pytest.fixture(scope="module")
def settings() -> MeasureSettings:
    return load_measure_settings()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("missing_wav_header.wav", ("starts with 00 00 f6 ff", "sox -t raw")),
        ("tmp_46bytes.wav", ("a header without sound",)),
        ("ex1_10.wvc", ("expected 1.00 s of sound", "found 0.03 s", "cut short")),
        ("ex6.wav", ("one or two channels", "found 4 channels", "remix")),
    ],
)
def test_refused(settings, name, words):
    with pytest.raises(AudioError) as caught:
        open_audio([ODD / name], settings.audio)
    text = str(caught.value)
    assert text.isprintable()
    for part in (name, "expected ", *words):
        assert part in text


@pytest.mark.parametrize(
    ("name", "layout", "rate_hz", "seconds", "container"),
    [
        ("ex1_01.wav", "mono", 16000, 1.0, "NIST SPHERE"),
        ("whatstheweatherlike-mulaw.wav", "mono", 16000, 2.03, "WAV"),
        ("dual_mono.mp3", "dual-mono", 44100, 72.78, "MP3"),
    ],
)
def test_read(settings, name, layout, rate_hz, seconds, container):
    with open_audio([ODD / name], settings.audio) as audio:
        assert audio.layout == layout
        assert audio.rate_hz == rate_hz
        assert audio.duration_s == pytest.approx(seconds, abs=0.1)
        assert audio.sources[0].container == container
        assert audio.sha256 == hashlib.sha256((ODD / name).read_bytes()).hexdigest()
        assert np.abs(audio.channels[0].read()).max() > 0.01


def test_two_one_channel_files_of_one_call_are_read_as_the_call_is(settings, tmp_path):
    source = DATA / "calls" / "harper_0002f70f7386445b.wav"
    samples, rate = soundfile.read(source, dtype="int16")
    paths = [tmp_path / "agent.wav", tmp_path / "customer.wav"]
    for path, channel in zip(paths, samples.T, strict=True):
        soundfile.write(path, channel, rate)
    with open_audio([source], settings.audio) as one, open_audio(paths, settings.audio) as two:
        assert (one.layout, two.layout) == ("stereo", "two-files")
        for first, second in zip(one.channels, two.channels, strict=True):
            np.testing.assert_array_equal(first.read(), second.read())


@pytest.mark.parametrize("path", sorted(DATA.glob("calls/*.wav")), ids=lambda path: path.stem)
def test_real_calls_have_two_parties_and_telephone_sound(settings, path):
    with open_audio([path], settings.audio) as audio:
        assert audio.layout == "stereo"
        assert audio.rate_hz == 8000
        for number, channel in enumerate(audio.channels):
            quality = measure_quality(channel, number, None, settings.quality)
            assert not quality.silent
            assert quality.bandwidth_hz is not None
            assert quality.bandwidth_hz > 3000
            assert quality.clipped_share < 0.001
            if path.stem.startswith("harper"):  # recorded on a telephone line
                assert quality.coding == "8-bit µ-law (G.711)"


def test_telephone_sound_in_a_16_khz_file(settings):
    with open_audio([DATA / "mono" / "sample.wav"], settings.audio) as audio:
        quality = measure_quality(audio.channels[0], 0, None, settings.quality)
    assert audio.rate_hz == 16000
    assert quality.bandwidth_hz == pytest.approx(4000, abs=300)


def test_lost_packets_of_a_real_call_are_found(settings):
    """The customer's line of this call lost packets of 20 ms, singly and in threes."""
    with open_audio([DATA / "calls" / "auto_repairs_40.wav"], settings.audio) as audio:
        holes = measure_quality(audio.channels[1], 1, None, settings.quality).dropouts
    lengths_ms = np.array([hole.duration for hole in holes]) * 1000
    assert len(holes) > 30
    # 18, 38, 58 ms of zeros: whole packets less a millisecond of fading on each side.
    off_grid = np.abs((lengths_ms + 2 + 10) % 20 - 10)
    assert np.mean(off_grid < 1.5) > 0.9
