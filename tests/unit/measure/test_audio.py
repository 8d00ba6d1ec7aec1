"""Reading recordings: every coding comes back as the sound it was made from, or is refused."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import tempfile
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from pipeline.errors import AudioError, QinheError
from pipeline.measure.audio import Audio, from_samples, open_audio, resampled
from pipeline.measure.decoders import codings
from pipeline.settings import AudioSettings, load_measure_settings

RATE = 8000


@pytest.fixture(scope="module")
def settings() -> AudioSettings:
    return load_measure_settings().audio


@pytest.fixture(autouse=True)
def spool_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Temporary files go to a folder of their own, which must be empty at every moment we look."""
    folder = tmp_path / "spool"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


def voice(seconds: float, rate: int = RATE, seed: int = 0, f0: float = 120.0) -> np.ndarray:
    """Something like speech: harmonics under a formant envelope, in syllables, with pauses."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * rate)) / rate
    phase = 2 * np.pi * np.cumsum(f0 * (1 + 0.1 * np.sin(2 * np.pi * 0.7 * t + seed))) / rate
    harmonics = np.arange(1, int(3400 / (f0 * 1.1)))
    weights = 1 / (1 + ((harmonics * f0 - 600) / 500) ** 2)
    tones = sum(w * np.sin(k * phase) for k, w in zip(harmonics, weights, strict=True))
    syllables = np.clip(np.sin(2 * np.pi * 3.7 * t + rng.uniform(0, 6)), 0, None)
    talking = np.repeat(rng.random(int(seconds / 0.8) + 1) < 0.6, round(0.8 * rate))[: len(t)]
    talking[: round(0.8 * rate)] = True
    sound = tones * syllables * talking + 0.002 * rng.standard_normal(len(t))
    return (0.3 * sound / np.abs(sound).max()).astype(np.float32)


@pytest.fixture(scope="module")
def call() -> np.ndarray:
    """Two seconds of two parties; shape (16000, 2)."""
    return np.stack([voice(2.0, seed=1), voice(2.0, seed=2, f0=210.0)], axis=1)


def likeness(found: np.ndarray, truth: np.ndarray) -> tuple[float, int]:
    """(correlation at the best lag, that lag in samples)."""
    size = 1 << int(np.ceil(np.log2(len(found) + len(truth))))
    curve = np.fft.irfft(np.conj(np.fft.rfft(truth, size)) * np.fft.rfft(found, size))
    lag = int(np.argmax(curve))
    scale = np.linalg.norm(found) * np.linalg.norm(truth)
    return float(curve[lag] / scale), lag if lag < size // 2 else lag - size


def assert_holds(audio: Audio, call: np.ndarray, least: float, longest_lag_s: float = 0.2) -> None:
    """Each channel of ``audio`` holds the same channel of ``call`` (8 kHz), and not the other."""
    assert abs(audio.duration_s - len(call) / RATE) < 0.35
    for channel, truth in zip(audio.channels, call.T, strict=True):
        found = resampled(channel.read(), audio.rate_hz, RATE)
        correlation, lag = likeness(found, truth)
        assert correlation > least
        assert abs(lag) <= longest_lag_s * RATE


# ── Every coding ─────────────────────────────────────────────────────────────────────────────────

SOUNDFILE = [
    ("wav", "WAV", "PCM_U8", 0.99),
    ("wav", "WAV", "PCM_16", 0.9999),
    ("wav", "WAV", "PCM_24", 0.9999),
    ("wav", "WAV", "PCM_32", 0.9999),
    ("wav", "WAV", "FLOAT", 0.9999),
    ("wav", "WAV", "DOUBLE", 0.9999),
    ("wav", "WAV", "ULAW", 0.999),
    ("wav", "WAV", "ALAW", 0.999),
    ("wav", "WAV", "IMA_ADPCM", 0.97),
    ("wav", "WAV", "MS_ADPCM", 0.95),
    ("wav", "WAVEX", "PCM_16", 0.9999),
    ("wav", "RF64", "PCM_16", 0.9999),
    ("w64", "W64", "PCM_16", 0.9999),
    ("aiff", "AIFF", "PCM_16", 0.9999),
    ("aifc", "AIFF", "ULAW", 0.999),
    ("au", "AU", "PCM_16", 0.9999),
    ("au", "AU", "ULAW", 0.999),
    ("caf", "CAF", "PCM_16", 0.9999),
    ("sph", "NIST", "PCM_16", 0.9999),
    ("sph", "NIST", "ULAW", 0.999),
    ("flac", "FLAC", "PCM_16", 0.9999),
    ("flac", "FLAC", "PCM_24", 0.9999),
    ("ogg", "OGG", "VORBIS", 0.97),
    ("opus", "OGG", "OPUS", 0.95),
    ("mp3", "MP3", "MPEG_LAYER_III", 0.97),
]


@pytest.mark.parametrize(("ending", "kind", "subtype", "least"), SOUNDFILE)
def test_reads_what_libsndfile_writes(tmp_path, settings, call, ending, kind, subtype, least):
    path = tmp_path / f"call.{ending}"
    soundfile.write(path, call, RATE, format=kind, subtype=subtype)
    with open_audio([path], settings) as audio:
        assert audio.layout == "stereo"
        assert audio.rate_hz == RATE
        assert_holds(audio, call, least)
        assert audio.notes == ()


@pytest.mark.parametrize("subtype", ["GSM610", "G721_32"])
def test_reads_codings_of_one_channel(tmp_path, settings, call, subtype):
    kind = "WAV" if subtype == "GSM610" else "AU"
    path = tmp_path / "call.snd"
    soundfile.write(path, call[:, 0], RATE, format=kind, subtype=subtype)
    with open_audio([path], settings) as audio:
        assert audio.layout == "mono"
        assert_holds(audio, call[:, :1], 0.95)


AV = [
    # codec, container, rate, channels, least correlation, name of the container for people
    ("aac", "mp4", 16000, 2, 0.97, "MP4"),
    ("aac", "adts", 16000, 2, 0.97, "AAC"),
    ("alac", "mp4", 8000, 2, 0.9999, "MP4"),
    ("libmp3lame", "mp3", 16000, 2, 0.97, "MP3"),
    ("libmp3lame", "wav", 8000, 2, 0.97, "WAV"),
    ("libopus", "webm", 48000, 2, 0.95, "Matroska/WebM"),
    ("flac", "matroska", 8000, 2, 0.9999, "Matroska/WebM"),
    ("wmav2", "asf", 16000, 2, 0.95, "WMA"),
    ("flac", "ogg", 8000, 2, 0.9999, "Ogg"),
    ("adpcm_g726", "wav", 8000, 1, 0.98, "WAV"),
    ("g723_1", "wav", 8000, 1, 0.85, "WAV"),
    ("adpcm_g722", "wav", 16000, 1, 0.98, "WAV"),
    ("libopencore_amrnb", "amr", 8000, 1, 0.85, "AMR"),
    ("libopencore_amrnb", "3gp", 8000, 1, 0.85, "MP4"),
    ("pcm_mulaw", "mov", 8000, 2, 0.999, "MP4"),
    ("adpcm_ima_wav", "wav", 8000, 2, 0.97, "WAV"),
]


_BIT_RATES = {"g723_1": 6300, "libopencore_amrnb": 12200, "wmav2": 64000}


def write_av(path: Path, samples: np.ndarray, rate: int, codec: str, container: str) -> None:
    """Encodes (frames, channels) float samples; skips the test where the encoder is missing."""
    try:
        av.Codec(codec, "w")
    except ValueError:
        pytest.skip(f"this FFmpeg has no encoder {codec}")
    layout = "mono" if samples.shape[1] == 1 else "stereo"
    with av.open(str(path), "w", format=container) as sink:
        stream = sink.add_stream(codec, rate=rate)
        stream.layout = layout
        if codec in _BIT_RATES:
            stream.bit_rate = _BIT_RATES[codec]
        packed = np.ascontiguousarray(np.rint(samples * 32767).astype(np.int16).reshape(1, -1))
        frame = av.AudioFrame.from_ndarray(packed, format="s16", layout=layout)
        frame.sample_rate = rate
        frame.time_base = Fraction(1, rate)
        frame.pts = 0
        for packet in (*stream.encode(frame), *stream.encode(None)):
            sink.mux(packet)


@pytest.mark.parametrize(("codec", "container", "rate", "n_channels", "least", "name"), AV)
def test_reads_what_ffmpeg_writes(
    tmp_path, settings, call, codec, container, rate, n_channels, least, name
):
    path = tmp_path / "call.bin"
    samples = np.stack([resampled(c, RATE, rate) for c in call.T[:n_channels]], axis=1)
    write_av(path, samples, rate, codec, container)
    with open_audio([path], settings) as audio:
        assert audio.rate_hz == rate
        assert audio.sources[0].container == name
        assert_holds(audio, call[:, :n_channels], least)


def test_names_what_reads_each_coding():
    found = codings()
    assert {"µ-law", "GSM 6.10", "AMR-NB", "MP3", "Opus", "WMA"} <= set(found)
    assert str(found["µ-law"]).startswith("libsndfile")
    assert str(found["AMR-WB"]).startswith("FFmpeg")
    assert None not in found.values()


def test_reads_wide_band_amr(tmp_path, settings):
    # No library here writes it: nine frames in which the coder had no data (type 15).
    path = tmp_path / "call.awb"
    path.write_bytes(b"#!AMR-WB\n" + bytes([15 << 3 | 4]) * 9)
    with open_audio([path], settings) as audio:
        assert audio.rate_hz == 16000
        assert audio.duration_s == pytest.approx(0.18)


@pytest.mark.parametrize("ending", ["mp3", "txt", "wav.gz", ""])
def test_content_decides_not_the_name(tmp_path, settings, call, ending):
    path = tmp_path / f"call.{ending}"
    soundfile.write(path, call, RATE, format="FLAC")
    with open_audio([path], settings) as audio:
        assert audio.sources[0].container == "FLAC"
        assert_holds(audio, call, 0.9999)


def test_sixteen_bits_come_back_exactly(tmp_path, settings):
    codes = np.random.default_rng(0).integers(-32768, 32767, (70000, 2), dtype=np.int16)
    path = tmp_path / "call.wav"
    soundfile.write(path, codes, RATE)
    with open_audio([path], settings) as audio:
        for channel, truth in zip(audio.channels, codes.T, strict=True):
            np.testing.assert_array_equal(channel.read() * 32768, truth)


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 44100, 48000])
def test_the_recordings_own_rate_is_kept(tmp_path, settings, rate):
    path = tmp_path / "call.wav"
    soundfile.write(path, voice(1.0, rate), rate)
    with open_audio([path], settings) as audio:
        assert audio.rate_hz == rate
        assert audio.channels[0].n_samples == rate


def test_rates_beyond_speech_are_brought_down(tmp_path, settings):
    path = tmp_path / "call.wav"
    soundfile.write(path, voice(1.0, 96000), 96000)
    with open_audio([path], settings) as audio:
        assert audio.rate_hz == 48000
        assert audio.sources[0].rate_hz == 96000
        truth = resampled(voice(1.0, 96000), 96000, 48000)
        assert likeness(audio.channels[0].read(), truth)[0] > 0.9999


# ── Two files, and copies ────────────────────────────────────────────────────────────────────────


def test_two_files_are_padded_and_brought_to_the_higher_rate(tmp_path, settings):
    agent, customer = tmp_path / "a.wav", tmp_path / "c.flac"
    soundfile.write(agent, voice(2.0, 8000, seed=1), 8000)
    soundfile.write(customer, voice(3.0, 16000, seed=2), 16000)
    with open_audio([agent, customer], settings) as audio:
        assert audio.layout == "two-files"
        assert (audio.rate_hz, audio.duration_s) == (16000, 3.0)
        assert [c.n_samples for c in audio.channels] == [48000, 48000]
        assert not audio.channels[0].read(2.01, 3.0).any()
        kept = resampled(audio.channels[0].read(0, 2), 16000, 8000)
        assert likeness(kept, voice(2.0, 8000, seed=1))[0] > 0.999
        one = audio.sha256
    with open_audio([customer, agent], settings) as audio:
        assert audio.sha256 != one, "who is the agent is part of what was recorded"


def test_a_partys_file_with_two_channels_is_refused(tmp_path, settings, call):
    soundfile.write(tmp_path / "a.wav", call, RATE)
    soundfile.write(tmp_path / "c.wav", call[:, 0], RATE)
    with pytest.raises(AudioError, match="one channel in each party's file, found 2 channels"):
        open_audio([tmp_path / "a.wav", tmp_path / "c.wav"], settings)


def copies() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Pairs of channels that hold one sound."""
    sound = voice(8.0, seed=5)
    rng = np.random.default_rng(1)
    late = np.concatenate([np.zeros(24, np.float32), sound[:-24]])
    fraction = resampled(np.concatenate([np.zeros(13), resampled(sound, 8000, 32000)]), 32000, 8000)
    return {
        "equal": (sound, sound),
        "quieter by 2 dB": (sound, sound * 10**-0.1),
        "louder by 4 dB": (sound, sound * 10**0.2),
        "3 ms late": (sound, late),
        "late by 3.25 samples": (sound, fraction[: len(sound)]),
        "0.4 s late": (sound, np.concatenate([np.zeros(3200, np.float32), sound[:-3200]])),
        "1.5 s early": (np.concatenate([np.zeros(12000, np.float32), sound[:-12000]]), sound),
        "turned over": (sound, -sound),
        "with noise": (sound, sound + 0.002 * rng.standard_normal(len(sound))),
        "with an offset": (sound, sound + 0.05),
    }


@pytest.mark.parametrize("name", copies())
def test_two_channels_with_one_sound_are_one(tmp_path, settings, name):
    path = tmp_path / "call.wav"
    soundfile.write(path, np.stack(copies()[name], axis=1), RATE, subtype="PCM_16")
    with open_audio([path], settings) as audio:
        assert audio.layout == "dual-mono"
        assert len(audio.channels) == 1
        assert audio.copy is not None
        assert audio.copy.correlation > 0.9


def test_says_how_a_copy_differs_and_keeps_the_louder(tmp_path, settings):
    sound = voice(8.0, seed=5)
    copy = -2.0 * np.concatenate([np.zeros(32, np.float32), sound[:-32]])
    path = tmp_path / "call.wav"
    soundfile.write(path, np.stack([sound, copy], axis=1), RATE, subtype="FLOAT")
    wide = AudioSettings(
        **{f: getattr(settings, f) for f in settings.__struct_fields__ if f != "dual_mono"},
        dual_mono=type(settings.dual_mono)(
            **{
                f: getattr(settings.dual_mono, f)
                for f in settings.dual_mono.__struct_fields__
                if f != "gain_db"
            },
            gain_db=7.0,
        ),
    )
    with open_audio([path], wide) as audio:
        assert audio.copy is not None
        assert audio.copy.gain_db == pytest.approx(6.02, abs=0.05)
        assert audio.copy.delay_s == pytest.approx(0.004, abs=1e-6)
        assert audio.copy.inverted
        np.testing.assert_allclose(audio.channels[0].read(), copy, atol=1e-6)


@pytest.mark.parametrize("codec", ["MP3", "GSM", "ULAW"])
def test_lossy_copies_are_one_sound(tmp_path, settings, codec):
    sound = voice(8.0, seed=6)
    path = tmp_path / "call"
    if codec == "MP3":
        soundfile.write(path, np.stack([sound, sound * 0.9], axis=1), RATE, format="MP3")
    else:
        kind, subtype = ("WAV", "GSM610") if codec == "GSM" else ("WAV", "ULAW")
        soundfile.write(path, sound, RATE, format=kind, subtype=subtype)
        coded = soundfile.read(path)[0][: len(sound)]
        soundfile.write(path, np.stack([sound, coded], axis=1), RATE, format="WAV")
    with open_audio([path], settings) as audio:
        assert audio.layout == "dual-mono"


def dialogues() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Pairs of channels that hold two parties."""
    first, second = voice(12.0, seed=7), voice(12.0, seed=8, f0=200.0)
    turn = (np.arange(len(first)) // (2 * RATE)) % 2 == 0
    agent, customer = first * turn, second * ~turn
    noise = 0.0005 * np.random.default_rng(0).standard_normal((2, len(first)))
    return {
        "both all the time": (first, second),
        "in turns": (agent, customer),
        "leaking at -10 dB": (agent + 0.316 * customer, customer + 0.316 * agent),
        "leaking at -3 dB": (agent + 0.7 * customer, customer + 0.7 * agent),
        "one party, leaking at -20 dB": (first, 0.1 * first + noise[1]),
        "one silent": (first, np.zeros_like(first)),
        "one nearly silent": (first, noise[1]),
        "both silent": (np.zeros_like(first), np.zeros_like(first)),
        "noise only": (noise[0], noise[1]),
    }


@pytest.mark.parametrize("name", dialogues())
def test_two_parties_are_two(tmp_path, settings, name):
    path = tmp_path / "call.wav"
    soundfile.write(path, np.stack(dialogues()[name], axis=1), RATE, subtype="PCM_16")
    with open_audio([path], settings) as audio:
        assert audio.layout == "stereo"
        assert len(audio.channels) == 2


# ── Files that were never finished, and files that are cut ───────────────────────────────────────


@pytest.mark.parametrize("size", [0, 0x7FFFF000, 0xFFFFFFFF])
@pytest.mark.parametrize("subtype", ["PCM_16", "ULAW"])
def test_a_wav_whose_size_was_never_written_is_read_to_its_end(
    tmp_path, settings, call, size, subtype
):
    path = tmp_path / "call.wav"
    soundfile.write(path, call, RATE, subtype=subtype)
    data = bytearray(path.read_bytes())
    at = data.index(b"data") + 4
    data[at : at + 4] = struct.pack("<I", size)
    path.write_bytes(data)
    with open_audio([path], settings) as audio:
        assert_holds(audio, call, 0.999)
        assert audio.duration_s == pytest.approx(2.0, abs=0.01)
        assert "never wrote how long" in audio.notes[0]


def test_a_flac_that_was_never_finished_is_read_to_its_end(tmp_path, settings, call):
    path = tmp_path / "call.flac"
    soundfile.write(path, call, RATE)
    data = bytearray(path.read_bytes())
    data[21] &= 0xF0
    data[22:26] = bytes(4)  # the sample count, 36 bits of STREAMINFO
    path.write_bytes(data)
    with open_audio([path], settings) as audio:
        assert_holds(audio, call, 0.9999)
        assert "never wrote how long" in audio.notes[0]


CUT = [
    *((e, k, s) for e, k, s, _ in SOUNDFILE if s != "G721_32"),
    ("wav", "WAV", "GSM610"),
]


@pytest.mark.parametrize(("ending", "kind", "subtype"), CUT)
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_cut_file_is_refused(tmp_path, settings, call, ending, kind, subtype, share):
    path = tmp_path / f"call.{ending}"
    samples = call[:, 0] if subtype == "GSM610" else call
    soundfile.write(path, samples, RATE, format=kind, subtype=subtype)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(AudioError) as caught:
        open_audio([path], settings)
    assert_one_sentence(caught.value, path.name)


@pytest.mark.parametrize(
    ("codec", "container", "rate"),
    [
        ("aac", "mp4", 16000),
        ("aac", "adts", 16000),
        ("libmp3lame", "mp3", 16000),
        ("flac", "matroska", 8000),
        ("wmav2", "asf", 16000),
        ("libopencore_amrnb", "amr", 8000),
    ],
)
def test_a_cut_file_of_ffmpegs_is_refused(tmp_path, settings, codec, container, rate):
    path = tmp_path / "call.bin"
    write_av(path, voice(5.0, rate).reshape(-1, 1), rate, codec, container)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2 + 1])
    with pytest.raises(AudioError) as caught:
        open_audio([path], settings)
    assert_one_sentence(caught.value, path.name)


def test_says_how_much_of_a_cut_file_is_there(tmp_path, settings, call):
    path = tmp_path / "call.wav"
    soundfile.write(path, call, RATE)
    path.write_bytes(path.read_bytes()[: 44 + 4 * 4000])
    with pytest.raises(AudioError, match=r"expected 2\.00 s of sound, .* found 0\.50 s"):
        open_audio([path], settings)


def test_a_header_that_counts_itself_is_forgiven(tmp_path, settings, call):
    path = tmp_path / "call.wav"
    soundfile.write(path, call, RATE)
    data = bytearray(path.read_bytes())
    data[40:44] = struct.pack("<I", len(data))  # 44 bytes too many: 1.4 ms
    path.write_bytes(data)
    with open_audio([path], settings) as audio:
        assert audio.duration_s == 2.0


def test_tags_after_an_empty_recording_are_not_sound(tmp_path, settings):
    path = tmp_path / "call.wav"
    soundfile.write(path, np.zeros(0), RATE)
    path.write_bytes(path.read_bytes() + b"LIST" + struct.pack("<I", 4000) + b"x" * 4000)
    with pytest.raises(AudioError, match="a header without sound"):
        open_audio([path], settings)


def test_skipped_time_stamps_are_silence(tmp_path, settings):
    """A WebM of a browser leaves out what was not sent; the sound after it must stay in place."""
    path = tmp_path / "call.mkv"
    sound = (voice(2.0) * 32767).astype(np.int16)
    with av.open(str(path), "w", format="matroska") as sink:
        stream = sink.add_stream("pcm_s16le", rate=RATE)
        stream.layout = "mono"
        for start, at in ((0, 0), (RATE, 3 * RATE)):
            part = np.ascontiguousarray(sound[start : start + RATE].reshape(1, -1))
            frame = av.AudioFrame.from_ndarray(part, format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = RATE, at, Fraction(1, RATE)
            for packet in stream.encode(frame):
                sink.mux(packet)
    with open_audio([path], settings) as audio:
        found = audio.channels[0].read()
        assert len(found) == pytest.approx(4 * RATE, abs=8)
        assert not found[round(1.01 * RATE) : round(2.99 * RATE)].any()
        np.testing.assert_array_equal(found[-RATE:] * 32768, sound[RATE:])


# ── Refusals ─────────────────────────────────────────────────────────────────────────────────────


def assert_one_sentence(error: QinheError, *parts: str) -> None:
    text = str(error)
    assert text.isprintable(), "nothing that moves the cursor or breaks the line"
    for part in ("expected ", "found ", *parts):
        assert part in text
    assert text.endswith(".")
    assert "Traceback" not in text


def test_bad_paths(tmp_path, settings):
    loop, pipe = tmp_path / "loop", tmp_path / "pipe"
    loop.symlink_to(loop)
    os.mkfifo(pipe)
    (tmp_path / "empty.wav").touch()
    cases = {
        tmp_path / "none.wav": "no such file",
        tmp_path / "empty.wav" / "x.wav": "no such file",
        tmp_path: "a folder",
        loop: "symbolic links that lead in a circle",
        pipe: "a pipe or device",
        Path("/dev/zero"): "a pipe or device",
        tmp_path / "empty.wav": "an empty file",
        tmp_path / ("n" * 300): "a name longer than a file can have",
        Path("a\0b"): "a name that no file can have",
    }
    for path, found in cases.items():
        with pytest.raises(AudioError, match=found) as caught:
            open_audio([path], settings)
        assert_one_sentence(caught.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(tmp_path, settings):
    path = tmp_path / "call.wav"
    soundfile.write(path, voice(1.0), RATE)
    path.chmod(0)
    with pytest.raises(AudioError, match="may not be read"):
        open_audio([path], settings)


def test_a_file_without_permission_as_the_system_says_it(tmp_path, settings, monkeypatch):
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(AudioError, match="may not be read") as caught:
        open_audio([tmp_path / "call.wav"], settings)
    assert_one_sentence(caught.value, "call.wav")


@pytest.mark.parametrize(
    "name",
    [
        "一通电话.wav",
        "-rf",
        "a\nb.wav",
        "\x1b[31mred.wav",
        "'\"$(x)`.wav",
        "ä" * 120,
        "\u202egpj.wav",
    ],
)
def test_hostile_names(tmp_path, settings, call, name):
    path = tmp_path / name
    path.write_bytes(b"nothing that sounds, but long enough to look at")
    with pytest.raises(AudioError) as caught:
        open_audio([path], settings)
    assert_one_sentence(caught.value)
    path.unlink()
    soundfile.write(path.open("wb"), call, RATE, format="WAV")
    with open_audio([path], settings) as audio:
        assert audio.duration_s == 2.0


def test_a_name_that_is_not_utf8(tmp_path, settings, call):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.wav"))
    with pytest.raises(AudioError, match="no such file") as caught:
        open_audio([path], settings)
    assert_one_sentence(caught.value, "\\xff")


@pytest.mark.parametrize(
    "content",
    [
        b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/x.mp3\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\nm=audio 9 RTP/AVP 0\r\n",
        b"\x89PNG\r\n\x1a\n" + bytes(64),
        b"PK\x03\x04" + bytes(64),
        b"just some text",
        bytes(5000),
        np.arange(-2000, 2000, dtype=np.int16).tobytes(),
    ],
)
def test_what_is_no_sound(tmp_path, settings, content):
    path = tmp_path / "call.wav"
    path.write_bytes(content)
    with pytest.raises(AudioError, match="no header of any of these") as caught:
        open_audio([path], settings)
    assert_one_sentence(caught.value, "call.wav", "sox -t raw")


@pytest.mark.parametrize("n_channels", [3, 4, 8])
def test_too_many_channels(tmp_path, settings, n_channels):
    path = tmp_path / "call.wav"
    soundfile.write(path, np.zeros((RATE, n_channels)), RATE)
    with pytest.raises(AudioError, match=f"found {n_channels} channels") as caught:
        open_audio([path], settings)
    assert_one_sentence(caught.value, "remix 1 2")


@pytest.mark.parametrize(
    ("rate", "words"), [(6000, "original"), (7999, "original"), (250000, "8 to 48")]
)
def test_rates_that_no_call_has(tmp_path, settings, rate, words):
    path = tmp_path / "call.wav"
    soundfile.write(path, np.zeros(rate), rate)
    with pytest.raises(AudioError, match=f"found {rate} Hz") as caught:
        open_audio([path], settings)
    assert_one_sentence(caught.value, words)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers(tmp_path, settings, bad):
    samples = voice(20.0)
    samples[100_000] = bad
    path = tmp_path / "call.wav"
    soundfile.write(path, samples, RATE, subtype="FLOAT")
    with pytest.raises(
        AudioError, match=r"NaN or infinity at sample 100000 \(12\.500 s\)"
    ) as caught:
        open_audio([path], settings)
    assert_one_sentence(caught.value, "call.wav")


def test_float_samples_on_the_scale_of_integers(tmp_path, settings):
    path = tmp_path / "call.wav"
    soundfile.write(path, voice(1.0) * 32768, RATE, subtype="FLOAT")
    with pytest.raises(AudioError, match="between -1 and 1"):
        open_audio([path], settings)


def test_overshoot_is_clipped(tmp_path, settings):
    path = tmp_path / "call.wav"
    soundfile.write(path, voice(1.0) * 6, RATE, subtype="FLOAT")
    with open_audio([path], settings) as audio:
        assert np.abs(audio.channels[0].read()).max() == 1.0


def test_less_than_a_syllable(tmp_path, settings):
    path = tmp_path / "call.wav"
    soundfile.write(path, voice(1.0)[:400], RATE)
    with pytest.raises(AudioError, match=r"at least 0\.1 s of sound, found 0\.050 s"):
        open_audio([path], settings)


def test_digital_silence_can_be_read(tmp_path, settings):
    path = tmp_path / "call.wav"
    soundfile.write(path, np.zeros((RATE, 2)), RATE)
    with open_audio([path], settings) as audio:
        assert audio.layout == "stereo"
        assert not audio.channels[0].read().any()


def test_a_small_file_that_unpacks_to_days(tmp_path, settings):
    short = AudioSettings(
        **{f: getattr(settings, f) for f in settings.__struct_fields__ if f != "longest_h"},
        longest_h=0.01,
    )
    path = tmp_path / "call.flac"
    soundfile.write(path, np.zeros(60 * RATE), RATE)
    assert path.stat().st_size < 20_000
    with pytest.raises(AudioError, match=r"at most 0\.01 hours"):
        open_audio([path], short)


def test_sphere_packed_with_shorten(tmp_path, settings):
    head = (
        "NIST_1A\n   1024\nsample_count -i 8000\nsample_rate -i 8000\nchannel_count -i 1\n"
        "sample_n_bytes -i 2\nsample_coding -s26 pcm,embedded-shorten-v2.00\nend_head\n"
    )
    path = tmp_path / "call.wav"
    path.write_bytes(head.encode().ljust(1024) + b"ajkg\x02" + bytes(2000))
    with pytest.raises(AudioError, match="compressed with shorten; unpack it") as caught:
        open_audio([path], settings)
    assert_one_sentence(caught.value, "sph2pipe")


def test_two_sound_tracks(tmp_path, settings):
    path = tmp_path / "call.mkv"
    with av.open(str(path), "w", format="matroska") as sink:
        for _ in range(2):
            sink.add_stream("pcm_s16le", rate=RATE).layout = "mono"
        for stream in sink.streams:
            part = np.zeros((1, RATE), np.int16)
            frame = av.AudioFrame.from_ndarray(part, format="s16", layout="mono")
            frame.sample_rate = RATE
            for packet in (*stream.encode(frame), *stream.encode(None)):
                sink.mux(packet)
    with pytest.raises(AudioError, match="2 sound tracks where there must be one"):
        open_audio([path], settings)


def test_a_full_disk_is_said(tmp_path, settings, call, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    path = tmp_path / "call.wav"
    soundfile.write(path, call, RATE)
    with pytest.raises(QinheError, match="TMPDIR"):
        open_audio([path], settings)


# ── Channels ─────────────────────────────────────────────────────────────────────────────────────


def test_a_channel_reads_by_seconds_and_clips_to_its_extent():
    channel = from_samples(np.arange(80) / 100, 8)
    assert (channel.duration_s, channel.n_samples) == (10.0, 80)
    np.testing.assert_allclose(channel.read(1.0, 2.0), np.arange(8, 16) / 100)
    assert len(channel.read(-5.0, 0.5)) == 4
    assert len(channel.read(9.5, 99.0)) == 4
    assert len(channel.read(20.0, 30.0)) == 0
    assert len(channel.read(3.0, 2.0)) == 0
    assert channel.read().dtype == np.float32


@pytest.mark.parametrize(("seconds", "overlap"), [(1.0, 0.0), (3.0, 1.0), (4.0, 3.5), (99.0, 2.0)])
def test_blocks_cover_a_channel(seconds, overlap):
    channel = from_samples(np.random.default_rng(0).uniform(-1, 1, 1234), 100)
    rebuilt = np.full(channel.n_samples, np.nan, np.float32)
    starts = []
    for start, samples in channel.blocks(seconds, overlap):
        starts.append(start)
        rebuilt[start : start + len(samples)] = samples
        assert len(samples) <= seconds * 100
    np.testing.assert_array_equal(rebuilt, channel.read())
    assert starts == list(range(0, starts[-1] + 1, round((seconds - overlap) * 100)))


def test_blocks_that_stand_still_are_refused():
    with pytest.raises(ValueError, match="cannot overlap"):
        next(from_samples([0.0] * 100, 10).blocks(1.0, 1.0))


def test_channels_of_odd_sizes():
    assert list(from_samples([], 8000).blocks(1.0)) == []
    assert from_samples([0.5], 8000).read().tolist() == [0.5]
    for samples in ([[0.0, 1.0]], [np.nan]):
        with pytest.raises(ValueError, match=r"one-dimensional|finite"):
            from_samples(samples, 8000)


def test_a_closed_recording_cannot_be_read(tmp_path, settings, call):
    path = tmp_path / "call.wav"
    soundfile.write(path, call, RATE)
    with open_audio([path], settings) as audio:
        channel = audio.channels[0]
    with pytest.raises(ValueError, match="closed"):
        channel.read(0, 1)


def test_the_file_may_vanish_after_opening(tmp_path, settings, call):
    path = tmp_path / "call.wav"
    soundfile.write(path, call, RATE)
    with open_audio([path], settings) as audio:
        path.unlink()
        assert_holds(audio, call, 0.9999)


MEASURE_MEMORY = """
import resource, sys
from pathlib import Path
from pipeline.measure.audio import open_audio
from pipeline.measure.decoders import codings
from pipeline.settings import load_measure_settings
with open_audio([Path(sys.argv[1])], load_measure_settings().audio) as audio:
    for channel in audio.channels:
        for start, samples in channel.blocks(30.0, 1.0):
            pass
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, audio.duration_s)
"""


def test_memory_does_not_grow_with_the_length(tmp_path):
    peaks = []
    for minutes in (1, 20):
        path = tmp_path / "call.wav"
        noise = np.random.default_rng(0).uniform(-0.1, 0.1, (60 * RATE, 2))
        with soundfile.SoundFile(path, "w", RATE, 2, "ULAW") as sink:
            for _ in range(minutes):
                sink.write(noise)
        command = [sys.executable, "-c", MEASURE_MEMORY, str(path)]
        result = subprocess.run(command, capture_output=True, text=True, check=True)
        peak_kib, seconds = result.stdout.split()
        assert float(seconds) == minutes * 60
        peaks.append(int(peak_kib) / 1024)
    assert peaks[1] - peaks[0] < 10, f"{peaks} MiB for 1 and 20 minutes"
