"""The batched engine against openai-whisper's own decoding, on a small model of random weights.

Random weights write nonsense, but they write it for certain: whatever the batch does differently
shows in the text.
"""

import msgspec
import numpy as np
import pytest
import torch
import whisper
from whisper.decoding import DecodingOptions
from whisper.model import LayerNorm, ModelDimensions, Whisper

from pipeline.errors import UsageError
from pipeline.measure import batched
from pipeline.measure.engines import recognised
from pipeline.measure.recogniser import Recogniser
from pipeline.measure.words import Passage
from pipeline.settings import TranscriptSettings, load_measure_settings

DIMENSIONS = ModelDimensions(80, 1500, 32, 2, 1, 51865, 448, 32, 2, 2)
SHORT_S = (0.1, 0.2, 0.15)


@pytest.fixture(scope="module")
def model() -> Whisper:
    torch.manual_seed(3)
    model = Whisper(DIMENSIONS)
    torch.nn.init.normal_(model.decoder.positional_embedding, std=0.5)
    return model.eval()


@pytest.fixture(scope="module")
def sounds() -> list[np.ndarray]:
    noise = np.random.default_rng(1)
    return [noise.normal(0, 0.1, round(s * 16_000)).astype(np.float32) for s in SHORT_S]


def settings(**changes: object) -> TranscriptSettings:
    usual = load_measure_settings().transcript
    exact = msgspec.structs.replace(usual, precision="float32", temperatures=(0.0,))
    return msgspec.structs.replace(exact, **changes)


def heard(model: Whisper, sounds: list[np.ndarray], how: TranscriptSettings) -> list[Passage]:
    return list(batched.recognise(model, sounds, how, "zh"))


def test_a_batch_writes_what_whisper_writes_for_each_window_alone(
    model: Whisper, sounds: list[np.ndarray]
) -> None:
    found = heard(model, sounds, settings(batch_windows=3))
    for sound, passage in zip(sounds, found, strict=True):
        mel = whisper.log_mel_spectrogram(torch.from_numpy(sound), padding=480_000)
        mel = whisper.pad_or_trim(mel[:, :-3000], 3000)
        length = int(np.ceil(len(sound) / 16_000 * 36)) + 16  # what its own window can hold
        options = DecodingOptions(
            language="zh",
            without_timestamps=True,
            fp16=False,
            sample_len=length,
            suppress_tokens=[-1, *range(50258, 51865)],  # all that no text holds
        )
        alone = whisper.decode(model, mel, options)
        assert "".join(piece.text for piece in passage.pieces).strip() == alone.text
        assert passage.average_log_probability == pytest.approx(alone.avg_logprob, abs=1e-3)
        assert passage.no_speech_probability == pytest.approx(alone.no_speech_prob, rel=1e-3)


def test_the_size_of_the_batch_changes_nothing(model: Whisper, sounds: list[np.ndarray]) -> None:
    together = heard(model, sounds, settings(batch_windows=3))
    alone = heard(model, sounds, settings(batch_windows=1))
    for one, other in zip(together, alone, strict=True):
        assert [p.text for p in one.pieces] == [p.text for p in other.pieces]
        assert [p.start for p in one.pieces] == [p.start for p in other.pieces]


def test_a_context_of_thirty_seconds_is_whispers_own(
    model: Whisper, sounds: list[np.ndarray]
) -> None:
    whole = heard(model, sounds, settings())
    assert list(batched.recognise(model, sounds, settings(), "zh", context_s=30.0)) == whole


def test_a_context_never_cuts_sound_off(model: Whisper, sounds: list[np.ndarray]) -> None:
    # 0.2 s hold the longest: asked for less, it is shown whole, and nothing beyond.
    exact = list(batched.recognise(model, sounds, settings(), "zh", context_s=max(SHORT_S)))
    less = list(batched.recognise(model, sounds, settings(), "zh", context_s=0.05))
    assert exact == less
    assert exact != heard(model, sounds, settings())


def test_words_lie_inside_the_window_in_order(model: Whisper, sounds: list[np.ndarray]) -> None:
    for sound, passage in zip(sounds, heard(model, sounds, settings()), strict=True):
        times = [time for piece in passage.pieces for time in (piece.start, piece.end)]
        assert times == sorted(times)
        assert 0 <= times[0] <= times[-1] <= len(sound) / 16_000 + 0.02
        assert all(0 <= piece.probability <= 1 for piece in passage.pieces)


def test_improbable_text_is_tried_again_and_repeats(
    model: Whisper, sounds: list[np.ndarray]
) -> None:
    # Random weights are unsure of everything: the limit is never met, the last temperature stays.
    cold = heard(model, sounds, settings())
    warm = settings(temperatures=(0.0, 1.0), retry_log_probability=0.0)
    first, second = heard(model, sounds, warm), heard(model, sounds, warm)
    assert first == second
    assert [p.pieces for p in first] != [p.pieces for p in cold]
    # What is sampled does not depend on who else is in the batch.
    assert heard(model, sounds[1:2], warm)[0].pieces == first[1].pieces


def test_half_precision_spares_the_normalisations(sounds: list[np.ndarray]) -> None:
    torch.manual_seed(3)
    model = Whisper(DIMENSIONS).eval()
    heard(model, sounds[:1], settings(precision="bfloat16"))
    for module in model.modules():
        for parameter in module.parameters(recurse=False):
            wanted = torch.float32 if isinstance(module, LayerNorm) else torch.bfloat16
            assert parameter.dtype == wanted


def test_no_text_holds_a_special_token(sounds: list[np.ndarray]) -> None:
    torch.manual_seed(3)
    keen = Whisper(DIMENSIONS).eval()
    keen.decoder.token_embedding.weight.data[50258:] *= 50  # after end-of-text: languages, tasks …
    texts = [piece.text for found in heard(keen, sounds, settings()) for piece in found.pieces]
    assert texts
    assert not any("<|" in text for text in texts)


def test_no_window_gives_no_passage(model: Whisper) -> None:
    assert heard(model, [], settings()) == []


def test_beams_are_left_to_openai_whisper(model: Whisper, sounds: list[np.ndarray]) -> None:
    recogniser = Recogniser(model, "random", "0" * 64, demonstration=False)
    with pytest.raises(UsageError, match=r"beam_size 5 needs .* openai-whisper"):
        recognised(recogniser, sounds, settings(beam_size=5), "zh")
