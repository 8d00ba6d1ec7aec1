"""The 8-bit engine beside the batched one, on the demonstration model and a sample call."""

import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import msgspec
import numpy as np
import pytest
import soundfile

from pipeline.errors import ModelError, UsageError
from pipeline.measure import quantised, recogniser
from pipeline.measure.audio import resampled
from pipeline.measure.engines import recognised
from pipeline.measure.recogniser import DEMO_MODEL, Recogniser
from pipeline.measure.words import Passage, Piece
from pipeline.settings import TranscriptSettings, load_measure_settings
from pipeline.text import bare
from scripts.training.evaluate import edit_distance
from tests.conftest import CALLS

pytest.importorskip("ctranslate2")
WINDOWS_S = ((1.2, 6.2), (14.1, 18.4), (121.2, 124.8))
ENGINE = quantised.ENGINE


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Conversions of this module, in a folder of their own."""
    with pytest.MonkeyPatch.context() as patched:
        folder = tmp_path_factory.mktemp("cache")
        patched.setenv("XDG_CACHE_HOME", str(folder))
        yield folder


@pytest.fixture(scope="module")
def small() -> Recogniser:
    return recogniser.load("demo", "cpu", ENGINE)


@pytest.fixture(scope="module")
def sounds() -> list[np.ndarray]:
    sound, rate = soundfile.read(CALLS / "good_service.opus", dtype="float32")
    cuts = [sound[round(a * rate) : round(b * rate), 0] for a, b in WINDOWS_S]
    return [resampled(np.ascontiguousarray(cut), rate, 16_000) for cut in cuts]


def settings(engine: str = ENGINE, **changes: object) -> TranscriptSettings:
    usual = load_measure_settings().transcript
    return msgspec.structs.replace(usual, engine=engine, temperatures=(0.0,), **changes)


def heard(model: Recogniser, sounds: list[np.ndarray], how: TranscriptSettings) -> list[Passage]:
    return [passage for found in recognised(model, sounds, how, "zh") for passage in found]


def text(passages: list[Passage]) -> str:
    return bare("".join(piece.text for passage in passages for piece in passage.pieces))


def apart(one: Passage, other: Passage) -> Iterator[float]:
    """How far the starts of words lie apart that both wrote."""

    def starts(passage: Passage) -> dict[str, Piece]:
        return {bare(piece.text): piece for piece in passage.pieces}

    ours, theirs = starts(one), starts(other)
    for word in ours.keys() & theirs.keys():
        yield abs(ours[word].start - theirs[word].start)


def test_text_and_times_are_those_of_full_precision(
    small: Recogniser, sounds: list[np.ndarray]
) -> None:
    exact = recogniser.load("demo", "cpu")
    found = heard(small, sounds, settings())
    wanted = heard(exact, sounds, settings("batched", precision="float32"))
    assert len(text(wanted)) > 20
    assert edit_distance(text(wanted), text(found)) <= 0.05 * len(text(wanted))
    off = [each for pair in zip(wanted, found, strict=True) for each in apart(*pair)]
    assert len(off) > 8
    assert median(off) <= 0.05
    for one, other in zip(wanted, found, strict=True):
        assert other.average_log_probability == pytest.approx(one.average_log_probability, abs=0.1)
        times = [time for piece in other.pieces for time in (piece.start, piece.end)]
        assert times == sorted(times)
        assert all(0 <= piece.probability <= 1 for piece in other.pieces)


def test_a_window_without_speech_is_no_trouble(small: Recogniser, sounds: list[np.ndarray]) -> None:
    silence = np.zeros(16_000, np.float32)
    found = heard(small, [silence, sounds[0][:32_000], silence[:160]], settings())
    assert len(found) == 3
    assert found[1].pieces


def test_beams_and_what_is_tried_again_repeat(small: Recogniser, sounds: list[np.ndarray]) -> None:
    again = msgspec.structs.replace(
        settings(beam_size=3), temperatures=(0.0, 0.8), retry_log_probability=-0.001
    )
    short = [sounds[0][:32_000]]
    assert heard(small, short, again) == heard(small, short, again)


def test_a_conversion_is_made_once_and_needs_no_checkpoint_later(
    small: Recogniser, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (kept,) = (cache / "qinhe" / "models").iterdir()
    assert kept.name.startswith(small.sha256[:32])
    assert (small.name, small.demonstration, small.multilingual) == (DEMO_MODEL.stem, True, True)
    monkeypatch.setattr(quantised, "convert", None)
    again = recogniser.load("demo", "cpu", ENGINE)
    assert (again.name, again.sha256, again.demonstration) == (small.name, small.sha256, True)


def test_a_damaged_conversion_is_one_sentence(cache: Path, tmp_path: Path) -> None:
    (kept,) = (cache / "qinhe" / "models").iterdir()
    (tmp_path / "qinhe.json").write_bytes((kept / "qinhe.json").read_bytes())
    (tmp_path / "model.bin").write_bytes(b"nothing")
    with pytest.raises(ModelError, match=r"as CTranslate2 writes it.*made again"):
        quantised.load(tmp_path, "cpu")


def test_an_engine_takes_only_its_own_models(small: Recogniser, sounds: list[np.ndarray]) -> None:
    with pytest.raises(UsageError, match="batched needs a model that was loaded for it"):
        recognised(small, sounds, settings("batched"), "zh")


def test_a_missing_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ctranslate2", None)
    with pytest.raises(UsageError, match=r"pip install 'qinhe\[faster-whisper\]'"):
        recogniser.load("demo", "cpu", ENGINE)
