"""Whisper on many windows at once, with every word's time from the same pass.

openai-whisper recognises one window after the other, and for word times runs encoder and decoder
once more over each. Here windows go through the encoder together, its own rules of decoding
(`whisper.decoding.DecodingTask`) write their texts side by side (`measure.stepping`), and word
times are read from what the heads asked for meanwhile: a token's row of attention is the same
whether its text is being written or has been. What is made of the rows is
`whisper.timing.find_alignment`'s recipe, unchanged.

A window is one passage without timestamp tokens: it holds speech only (`measure.transcript` packs
it), so there is no silence to seek over.

Radford et al. 2022, arXiv:2212.04356: section 2.3 for decoding, 4.5 for the temperatures.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch.nn.functional import gelu
from torch.nn.utils.rnn import pad_sequence
from whisper import audio, timing
from whisper.decoding import DecodingOptions, DecodingResult, DecodingTask
from whisper.model import LayerNorm

from pipeline.measure.spelled import log_mels, pieces
from pipeline.measure.stepping import Steps
from pipeline.measure.words import Passage, Piece

if TYPE_CHECKING:
    from torch import Tensor
    from whisper.model import AudioEncoder, Whisper
    from whisper.tokenizer import Tokenizer

    from pipeline.measure.audio import FloatArray
    from pipeline.settings import TranscriptSettings

# Nobody says more than some twelve syllables a second, and none takes more than three tokens:
# a text that runs on is a loop, and the whole batch would wait for it.
_TOKENS_PER_S = 36.0
_SPARE_TOKENS = 16


@dataclass(frozen=True, slots=True)
class _Heard:
    """Encoded windows (B x 1500 x width) and how many seconds of each are sound."""

    features: Tensor
    durations: tuple[float, ...]

    def only(self, indices: Sequence[int]) -> _Heard:
        kept = tuple(self.durations[index] for index in indices)
        return _Heard(self.features[list(indices)], kept)


class _Written(NamedTuple):
    """One decoding of a window."""

    tokenizer: Tokenizer
    result: DecodingResult
    probabilities: Sequence[float]  # of the tokens, before any were forbidden
    attention: Tensor  # alignment heads x tokens from start-of-transcript on x frames of sound


def recognise(
    model: Whisper,
    sounds: Iterable[FloatArray],
    settings: TranscriptSettings,
    language: str,
    context_s: float | None = None,
) -> Iterator[Passage]:
    """What is said in each window, batch after batch.

    Args:
        model: its weights are brought to the settings' precision, for good.
        sounds: windows of at most 30 s at 16 kHz, float32.
        settings: precision, batch size, temperatures, limits, seed.
        language: Whisper's code.
        context_s: seconds that the encoder is shown of a window and the silence after it, for a
            checkpoint that hears as well with less than the 30 s of the published ones.

    Yields:
        One passage a window, times in seconds from its start. The same windows in the same order
        give the same passages.
    """
    _convert(model, _precision(settings.precision, model.device))
    for batch in _batches(sounds, settings.batch_windows):
        with torch.inference_mode():
            found = list(_passages(model, _encoded(model, batch, context_s), settings, language))
        yield from found


def _precision(name: str, device: torch.device) -> torch.dtype:
    if name != "auto":
        dtype: torch.dtype = getattr(torch, name)
        return dtype
    if device.type == "cuda":
        return torch.float16
    return torch.bfloat16 if torch.cpu._is_avx512_bf16_supported() else torch.float32


def _convert(module: torch.nn.Module, dtype: torch.dtype) -> None:
    """Weights to a precision, but for the normalisations: Whisper computes these in float32."""
    if isinstance(module, LayerNorm):
        return
    for parameter in module.parameters(recurse=False):
        parameter.data = parameter.data.to(dtype)
    for child in module.children():
        _convert(child, dtype)


def _batches(sounds: Iterable[FloatArray], size: int) -> Iterator[Sequence[FloatArray]]:
    left = iter(sounds)
    while batch := list(islice(left, size)):
        yield batch


def _encoded(
    model: Whisper, sounds: Sequence[FloatArray], context_s: float | None = None
) -> _Heard:
    durations = tuple(len(sound) / audio.SAMPLE_RATE for sound in sounds)
    mels = log_mels(sounds, model.dims.n_mels)
    mels = mels.to(model.device, model.encoder.conv1.weight.dtype)
    if context_s is None:
        return _Heard(model.embed_audio(mels), durations)
    frames = math.ceil(max(context_s, *durations) * audio.TOKENS_PER_SECOND)
    return _Heard(_beginning(model.encoder, mels, min(frames, model.dims.n_audio_ctx)), durations)


def _beginning(encoder: AudioEncoder, mels: Tensor, frames: int) -> Tensor:
    """`AudioEncoder.forward` over the first frames alone."""
    x: Tensor = gelu(encoder.conv1(mels[:, :, : 2 * frames]))
    x = gelu(encoder.conv2(x)).transpose(1, 2)
    x = (x + encoder.positional_embedding[:frames]).to(x.dtype)
    for block in encoder.blocks:
        x = block(x)
    features: Tensor = encoder.ln_post(x)
    return features


def _passages(
    model: Whisper, heard: _Heard, settings: TranscriptSettings, language: str
) -> Iterator[Passage]:
    """Decodes at the first temperature, and what fails its limits at the next ones."""
    written: dict[int, _Written] = {}
    waiting = list(range(len(heard.durations)))
    for temperature in settings.temperatures:
        # Sampling depends on the place in a batch: windows that need it go alone.
        groups = [waiting] if temperature == 0 else [[index] for index in waiting]
        for group in groups:
            options = DecodingOptions(
                language=language,
                temperature=temperature,
                prompt=settings.prompt,
                without_timestamps=True,
                fp16=False,
            )
            with repeatable(settings.seed):
                texts = _Scribe(model, options, heard.only(group)).written()
            written.update(zip(group, texts, strict=True))
        waiting = [index for index in waiting if _fails(written[index].result, settings)]
        if not waiting:
            break
    for index in range(len(heard.durations)):
        one = written[index]
        yield Passage(tuple(_timed(one)), one.result.avg_logprob, one.result.no_speech_prob)


def _fails(result: DecodingResult, settings: TranscriptSettings) -> bool:
    """Repeats itself, or is improbable."""
    return bool(
        result.compression_ratio > settings.compression_ratio
        or result.avg_logprob < settings.retry_log_probability
    )


@contextmanager
def repeatable(seed: int) -> Iterator[None]:
    """Sampling at higher temperatures gives the same text every time."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


class _Scribe(DecodingTask):  # type: ignore[misc]  # openai-whisper carries no types
    """Whisper's decoding of encoded windows, which keeps attention and probabilities."""

    def __init__(self, model: Whisper, options: DecodingOptions, heard: _Heard) -> None:
        super().__init__(model, options)
        self.heard = heard
        most = model.dims.n_text_ctx // 2 - 1
        self.lengths = torch.tensor(
            [min(most, math.ceil(s * _TOKENS_PER_S) + _SPARE_TOKENS) for s in heard.durations],
            device=heard.features.device,
        )
        longest = self.sample_begin + int(self.lengths.max()) + 1
        self.longest = min(self.n_ctx, longest)
        self.steps = Steps(model, heard.features, self.longest)
        self.likely: list[list[float]] = [[] for _ in heard.durations]

    def written(self) -> list[_Written]:
        """One text a window."""
        return [
            _Written(
                self.tokenizer,
                result,
                self.likely[number][: len(result.tokens)],
                self._attention(number, len(result.tokens)),
            )
            for number, result in enumerate(self.run(self.heard.features))
        ]

    def _attention(self, window: int, tokens: int) -> Tensor:
        rows = slice(self.sot_index, self.sample_begin + tokens)
        frames = max(1, round(self.heard.durations[window] * audio.TOKENS_PER_SECOND))
        return self.steps.attention(window, rows, frames)

    def _get_audio_features(self, mel: Tensor) -> Tensor:
        return mel  # encoded already, at the model's own precision

    def _main_loop(
        self, audio_features: Tensor, tokens: Tensor
    ) -> tuple[Tensor, Tensor, list[float]]:
        """As in DecodingTask, but a window leaves when its text has ended."""
        texts = list(tokens)
        sums = torch.zeros(len(tokens), device=audio_features.device)
        writing = torch.arange(len(tokens), device=audio_features.device)
        logits = self.steps.logits(tokens, [self.sot_index, -1])
        no_speech = self._no_speech(logits[:, 0])
        while len(writing):
            tokens, sums[writing] = self._longer(tokens, logits[:, -1], sums[writing], writing)
            goes_on = (tokens[:, -1] != self.tokenizer.eot) & (tokens.shape[1] < self.longest)
            for row, window in enumerate(writing.tolist()):
                texts[window] = tokens[row]
            if not goes_on.all():
                self.steps.keep(goes_on)
                tokens, writing = tokens[goes_on], writing[goes_on]
            if len(writing):
                logits = self.steps.logits(tokens[:, -1:], [-1])
        return pad_sequence(texts, True, self.tokenizer.eot), sums, no_speech

    def _no_speech(self, logits: Tensor) -> list[float]:
        """How likely Whisper holds it that there is no speech, per window."""
        if self.tokenizer.no_speech is None:
            return [math.nan] * len(logits)
        likely: list[float] = logits.softmax(-1)[:, self.tokenizer.no_speech].tolist()
        return likely

    def _longer(
        self, tokens: Tensor, logits: Tensor, sums: Tensor, writing: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Every text with its next token, and its log-probability so far."""
        eot = self.tokenizer.eot
        of_text = logits[:, :eot].logsumexp(-1)  # before anything is forbidden
        for rule in self.logit_filters:
            rule.apply(logits, tokens)
        logits[:, eot + 1 :] = -torch.inf  # no text holds such tokens
        # Each text ends at its own greatest length, whatever the others' are.
        over = tokens.shape[1] - self.sample_begin >= self.lengths[writing]
        logits[over] = -torch.inf
        logits[over, eot] = 0.0
        tokens, _ = self.decoder.update(tokens, logits, sums)
        chosen = logits.gather(1, tokens[:, -1:])[:, 0]
        for window, likely in zip(writing.tolist(), (chosen - of_text).exp().tolist(), strict=True):
            self.likely[window].append(likely)
        return tokens, sums


def _timed(written: _Written) -> Iterator[Piece]:
    """Words with times, by dynamic time warping of the attention: `timing.find_alignment`."""
    tokenizer, tokens = written.tokenizer, written.result.tokens
    if not tokens:
        return
    starts = len(tokenizer.sot_sequence)
    rows = written.attention[:, : starts + 1 + len(tokens)].float().softmax(-1)
    std, mean = torch.std_mean(rows, dim=-2, keepdim=True, unbiased=False)
    matrix = timing.median_filter((rows - mean) / std, 7).mean(0)[starts:]
    places, frames = timing.dtw(-matrix)
    jumps = np.pad(np.diff(places), (1, 0), constant_values=1).astype(bool)
    times = np.append(frames[jumps], matrix.shape[1]) / audio.TOKENS_PER_SECOND
    yield from pieces(tokenizer, tokens, times.tolist(), written.probabilities)
