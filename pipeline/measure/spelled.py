"""What the engines that drive Whisper's weights do alike: log-mel in, timed pieces of text out."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import torch
from whisper import audio, timing

from pipeline.measure.words import Piece

if TYPE_CHECKING:
    from torch import Tensor
    from whisper.tokenizer import Tokenizer

    from pipeline.measure.audio import FloatArray

_MARKS_BEFORE = "\"'“¿([{-"
_MARKS_AFTER = "\"'.。,，!！?？:：”)]}、"  # as openai-whisper has them


def log_mels(sounds: Sequence[FloatArray], n_mels: int) -> Tensor:
    """Windows x mels x 3000 as `whisper.transcribe` makes it: 0.0 after the sound's end.

    It pads 30 s of silence and cuts them off again; what the last frames need of it is enough.
    """
    mels = []
    for sound in sounds:
        mel = audio.log_mel_spectrogram(torch.from_numpy(sound), n_mels, padding=audio.N_FFT)
        mels.append(audio.pad_or_trim(mel[:, : len(sound) // audio.HOP_LENGTH], audio.N_FRAMES))
    return torch.stack(mels)


def pieces(
    tokenizer: Tokenizer,
    tokens: Sequence[int],
    times: Sequence[float],
    probabilities: Sequence[float],
) -> Iterator[Piece]:
    """Words with times, as `whisper.timing` puts them together.

    Args:
        tokenizer: of the language that was written.
        tokens: of the text.
        times: seconds at which each token starts, and at which the last ends.
        probabilities: of each token.
    """
    words, spelled = tokenizer.split_to_word_tokens([*tokens, tokenizer.eot])
    if not tokens or len(spelled) <= 1:
        return
    edges = np.cumsum([0, *(len(ids) for ids in spelled[:-1])])
    timings = [
        timing.WordTiming(
            word,
            ids,
            float(times[first]),
            float(times[last]),
            float(np.mean(probabilities[first:last])),
        )
        for word, ids, (first, last) in zip(words, spelled, pairwise(edges), strict=False)
    ]
    timing.merge_punctuations(timings, _MARKS_BEFORE, _MARKS_AFTER)
    for one in timings:
        if one.word:
            yield Piece(one.word, one.start, one.end, one.probability)


def compression_ratio(text: str) -> float:
    """How well a text compresses: one that repeats itself does."""
    data = text.encode("utf-8")
    return len(data) / len(zlib.compress(data))
