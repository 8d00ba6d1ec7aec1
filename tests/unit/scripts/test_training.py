"""Windows and targets of the training must say what is in the sound, and when."""

from random import Random

import numpy as np
import pytest
import torch
import whisper

from scripts.synthesis.voice import Voice, speak
from scripts.training import noises
from scripts.training.batches import IGNORED, Manner, collate, pitch_steps
from scripts.training.corpus import Shard, Utterance, log_mel, over_a_line, pitch
from scripts.training.evaluate import edit_distance
from scripts.training.learner import Learner
from scripts.training.tokens import token_map, whisper_tokenizer
from scripts.training.windows import Material, empty_window, normalise, speech_window

SENTENCE = "请问有什么可以帮您"


def material() -> Material:
    """One utterance of which every character is known, and some noise."""
    speech = speak(SENTENCE, Voice("f2", 180))
    samples, factor = over_a_line(speech, Random(4))
    frames = log_mel(samples)
    utterance = Utterance(
        SENTENCE,
        tuple(word.start * factor for word in speech.words),
        tuple(word.end * factor for word in speech.words),
        0,
        len(frames),
    )
    noise = log_mel(noises.noise("coloured", 1, 3.0))
    f0 = pitch(speech, factor, len(frames))
    return Material([Shard((utterance,), frames, f0)], [noise], [noise])


@pytest.mark.parametrize("seed", range(12))
def test_times_follow_the_speaker_that_resampling_makes(seed: int) -> None:
    speech = speak(SENTENCE, Voice("m3", 180))
    samples, factor = over_a_line(speech, Random(seed))
    # The last character ends where the sound does, whatever the stretch.
    assert speech.words[-1].end * factor == pytest.approx(len(samples) / 16000, abs=0.08)


def test_mel_is_whispers_own() -> None:
    speech = speak(SENTENCE, Voice("f2", 180))
    samples = whisper.pad_or_trim(torch.from_numpy(speech.samples), 160 * 300)
    ours = normalise(10 ** log_mel(samples.numpy()).astype(np.float32)).T
    assert np.abs(ours - whisper.log_mel_spectrogram(samples).numpy()).max() < 0.01


@pytest.mark.parametrize("stretch", [0.9, 1.0, 1.12])
def test_pitch_follows_the_speaker_that_resampling_makes(stretch: float) -> None:
    speech = speak("妈妈妈妈", Voice("f2", 180, pitch_range=0))
    plain, stretched = (pitch(speech, factor, 90) for factor in (1.0, stretch))
    assert np.nanmedian(stretched) * stretch == pytest.approx(np.nanmedian(plain), rel=0.02)


def test_pitch_is_asked_only_where_somebody_speaks() -> None:
    f0 = np.repeat(np.float32([0, np.nan, 60, 120, 5000, 20]), 2)
    assert pitch_steps(f0).tolist() == [IGNORED, 0, 1, 17, 52, 1]
    stuff = material()
    window = speech_window(stuff, Random(1), 12.0, 0.5, 1500)
    asked = collate([window], [Manner(True, False, 0)], stuff, Random(1)).pitch[0] != IGNORED
    assert 0 < int(asked.sum()) < 600
    assert not asked[600:].any()


@pytest.mark.parametrize("seed", range(5))
def test_window_lists_characters_where_their_sound_is(seed: int) -> None:
    window = speech_window(material(), Random(seed), 12.0, 0.5, 1500)
    assert window.content == 1200
    assert np.all(window.mel[1200:] == 0.0)
    times = [(c.start, c.end) for segment in window.segments for c in segment]
    assert times
    assert all(0 <= start < end <= 12.0 for start, end in times)
    assert [start for start, _ in times] == sorted(start for start, _ in times)


def test_targets_spell_the_window() -> None:
    tokens = token_map()
    stuff = material()
    window = speech_window(stuff, Random(1), 12.0, 0.5, 1500)
    batch = collate([window], [Manner(True, False, 0)], stuff, Random(1))
    full = [int(tokens.full_ids[token]) for token in batch.targets[0]]
    tokenizer = whisper_tokenizer()
    said = "".join(c.text for segment in window.segments for c in segment)
    assert tokenizer.decode([token for token in full if token < tokenizer.eot]) == said
    stamps = [t for t in full if t >= tokenizer.timestamp_begin]
    assert len(stamps) == 2 * len(window.segments) + (window.cut is not None)
    # Where a row is guided, the guide is a distribution over frames of the recording.
    sums = batch.guide[0].sum(-1)
    assert torch.allclose(sums[sums > 0], torch.ones(()), atol=1e-4)
    assert float(batch.guide[0, :, 600:].sum()) == 0.0


def test_empty_window_asks_for_no_speech() -> None:
    tokens = token_map()
    stuff = material()
    window = empty_window(stuff, Random(2), 1000)
    batch = collate([window], [Manner(True, False, 0)], stuff, Random(2))
    assert int(batch.targets[0, 0]) == tokens.no_speech
    assert int(batch.targets[0, 2]) == tokens.first_timestamp
    assert int(batch.targets[0, 3]) == tokens.eot


def test_dense_tokens_cover_every_character() -> None:
    tokens = token_map()
    tokenizer = whisper_tokenizer()
    for character in SENTENCE:
        pieces = [int(tokens.full_ids[piece]) for piece in tokens.pieces[character]]
        assert tokenizer.decode(pieces) == character
    assert len(set(tokens.full_ids.tolist())) == tokens.size


@pytest.mark.parametrize(
    ("first", "second", "distance"),
    [("", "", 0), ("你好", "你好", 0), ("你好", "您好", 1), ("你好", "", 2), ("好", "你好吗", 2)],
)
def test_edit_distance(first: str, second: str, distance: int) -> None:
    assert edit_distance(first, second) == distance


@pytest.mark.parametrize("frames", [3000, 400], ids=["full window", "short window"])
def test_the_learner_hears_as_the_exported_model_will(frames: int) -> None:
    # The training has its own way through the encoder: other attention for short windows, other
    # normalisation. What is learnt there must be what Whisper's modules compute.
    torch.manual_seed(0)
    learner = Learner().eval()
    mel = torch.randn(1, 80, frames)
    encoder = learner.whisper.encoder
    with torch.no_grad():
        *_, heard = learner._encode(mel, 0)
        x = torch.nn.functional.gelu(encoder.conv1(mel))
        x = torch.nn.functional.gelu(encoder.conv2(x)).permute(0, 2, 1)
        x = x + encoder.positional_embedding[: x.shape[1]]
        for block in encoder.blocks:
            x = block(x)
        assert torch.allclose(heard, encoder.ln_post(x), atol=1e-3)
        if frames == 3000:
            assert torch.allclose(heard, encoder(mel), atol=1e-3)


def test_nothing_is_replaced_where_a_manner_says_so() -> None:
    stuff = material()
    window = speech_window(stuff, Random(1), 12.0, 0.5, 1500)
    for seed in range(8):
        batch = collate([window], [Manner(True, False, 0, disturbed=False)], stuff, Random(seed))
        # What the decoder is shown at a step is what it was to write at the step before.
        written = batch.targets[0, 2:-1]
        assert torch.equal(batch.inputs[0, 3:], written)
