"""Whisper on many windows at once, with every word's time from the same pass.

openai-whisper recognises one window after the other, and for word times runs encoder and decoder
once more over each. Here windows go through the encoder together, its own decoding loop
(`whisper.decoding.DecodingTask`) writes their texts side by side, and the cross-attention that the
loop computes anyway is kept: a token's row is the same whether its text is being written or has
been. What is made of the rows is `whisper.timing.find_alignment`'s recipe, unchanged.

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
from whisper import audio, timing
from whisper.decoding import DecodingOptions, DecodingResult, DecodingTask
from whisper.model import LayerNorm, disable_sdpa

from pipeline.measure.spelled import log_mels, pieces
from pipeline.measure.words import Passage, Piece

if TYPE_CHECKING:
    from torch import Tensor
    from whisper.model import Whisper
    from whisper.tokenizer import Tokenizer

    from pipeline.measure.audio import FloatArray
    from pipeline.settings import TranscriptSettings

# Nobody says more than some twelve syllables a second, and none takes more than three tokens:
# a text that runs on is a loop, and the whole batch would wait for it.
_TOKENS_PER_S = 36.0
_SPARE_TOKENS = 16
# Attention is kept for every alignment head and frame. A checkpoint that does not name its heads
# has half of them all: then fewer windows go together.
_MOST_HEADS = 256


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
    probabilities: Tensor  # of the tokens, before any were forbidden
    attention: Tensor  # alignment heads x tokens from start-of-transcript on x frames of sound


def recognise(
    model: Whisper,
    sounds: Iterable[FloatArray],
    settings: TranscriptSettings,
    language: str,
) -> Iterator[Passage]:
    """What is said in each window, batch after batch.

    Args:
        model: its weights are brought to the settings' precision, for good.
        sounds: windows of at most 30 s at 16 kHz, float32.
        settings: precision, batch size, temperatures, limits, seed.
        language: Whisper's code.

    Yields:
        One passage a window, times in seconds from its start. The same windows in the same order
        give the same passages.
    """
    _convert(model, _precision(settings.precision, model.device))
    for batch in _batches(model, sounds, settings.batch_windows):
        with torch.inference_mode():
            found = list(_passages(model, _encoded(model, batch), settings, language))
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


def _batches(
    model: Whisper, sounds: Iterable[FloatArray], most: int
) -> Iterator[Sequence[FloatArray]]:
    heads = int(model.alignment_heads.indices().shape[1])
    size = max(1, min(most, _MOST_HEADS // heads))
    left = iter(sounds)
    while batch := list(islice(left, size)):
        yield batch


def _encoded(model: Whisper, sounds: Sequence[FloatArray]) -> _Heard:
    dtype = model.encoder.conv1.weight.dtype
    stacked = log_mels(sounds, model.dims.n_mels).to(model.device, dtype)
    durations = tuple(len(sound) / audio.SAMPLE_RATE for sound in sounds)
    return _Heard(model.embed_audio(stacked), durations)


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
        self.sample_len = int(self.lengths.max()) + 1
        self.probabilities: list[Tensor] = []
        self.rows: dict[int, list[Tensor]] = {}

    def written(self) -> list[_Written]:
        """One text a window."""
        with self._listening(), disable_sdpa():
            results = self.run(self.heard.features)
        probabilities = torch.stack(self.probabilities, 1).float().cpu()
        heads = torch.cat([torch.cat(rows, 2) for _, rows in sorted(self.rows.items())], 1)
        return [
            _Written(
                self.tokenizer,
                result,
                probabilities[index, : len(result.tokens)],
                heads[index, :, self.sot_index :, : max(1, round(duration * 50))].cpu(),
            )
            for index, (result, duration) in enumerate(
                zip(results, self.heard.durations, strict=True)
            )
        ]

    def _get_audio_features(self, mel: Tensor) -> Tensor:
        return mel  # encoded already, at the model's own precision

    def _main_loop(
        self, audio_features: Tensor, tokens: Tensor
    ) -> tuple[Tensor, Tensor, list[float]]:
        """As in DecodingTask; every chosen token's probability is kept."""
        sums = torch.zeros(len(tokens), device=audio_features.device)
        no_speech = [math.nan] * len(tokens)
        try:
            for step in range(self.sample_len):
                logits = self.inference.logits(tokens, audio_features)
                if step == 0 and self.tokenizer.no_speech is not None:
                    silent = logits[:, self.sot_index].float().softmax(-1)
                    no_speech = silent[:, self.tokenizer.no_speech].tolist()
                logits = logits[:, -1]
                likely = logits[:, : self.tokenizer.eot].float().softmax(-1)
                for rule in self.logit_filters:
                    rule.apply(logits, tokens)
                logits[:, self.tokenizer.eot + 1 :] = -torch.inf  # no text holds such tokens
                self._stop(logits, step)
                tokens, complete = self.decoder.update(tokens, logits, sums)
                chosen = tokens[:, -1:].clamp(max=self.tokenizer.eot - 1)
                self.probabilities.append(likely.gather(1, chosen)[:, 0])
                if complete or tokens.shape[-1] > self.n_ctx:
                    break
        finally:
            self.inference.cleanup_caching()
        return tokens, sums, no_speech

    def _stop(self, logits: Tensor, step: int) -> None:
        """Ends each text at its own greatest length, whatever the others' are."""
        over = self.lengths <= step
        logits[over] = -torch.inf
        logits[over, self.tokenizer.eot] = 0.0

    @contextmanager
    def _listening(self) -> Iterator[None]:
        """Keeps what the alignment heads look at, layer by layer."""
        by_layer: dict[int, list[int]] = {}
        for layer, head in self.model.alignment_heads.indices().T.tolist():
            by_layer.setdefault(layer, []).append(head)
        hooks = []
        for layer, heads in by_layer.items():
            self.rows[layer] = []

            def keep(
                _module: object,
                _inputs: object,
                outputs: tuple[Tensor, Tensor],
                layer: int = layer,
                heads: list[int] = heads,
            ) -> None:
                self.rows[layer].append(outputs[1][:, heads])

            attention = self.model.decoder.blocks[layer].cross_attn
            hooks.append(attention.register_forward_hook(keep))
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()


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
    yield from pieces(tokenizer, tokens, times.tolist(), written.probabilities.tolist())
