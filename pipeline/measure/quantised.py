"""Whisper in 8-bit integers on CTranslate2, the runtime under faster-whisper.

A checkpoint in OpenAI's format is converted once (`specs.WhisperSpec`) and kept under its hash in
the user's cache. Log-mel, packing, tokenizer, limits and words are those of the other engines;
CTranslate2 encodes, decodes and aligns. faster-whisper's own package is not needed: it
would fetch a tokenizer over the network, and decodes one window after the other.

Quantisation: per row, symmetric, to 8 bits; activations at run time (ctranslate2's "int8").
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from pipeline.errors import ModelError, UsageError, printable
from pipeline.measure.words import Passage, Piece

if TYPE_CHECKING:
    from whisper.model import Whisper
    from whisper.tokenizer import Tokenizer

    from pipeline.measure.audio import FloatArray
    from pipeline.settings import TranscriptSettings

ENGINE: Final = "faster-whisper"
_CONTEXT: Final = 448
"""Tokens that Whisper's decoder can hold, half of them text."""
_BEAMS_AGAIN: Final = 5  # as faster-whisper has them
_FRAMES_PER_S: Final = 100
_STEPS_PER_S: Final = 50.0
_ABOUT: Final = "qinhe.json"


class _About(msgspec.Struct, frozen=True):
    """What CTranslate2's own files do not say."""

    dims: dict[str, int]
    multilingual: bool
    languages: int


@dataclass(frozen=True, slots=True)
class Quantised:
    """A loaded model."""

    model: Any
    """`ctranslate2.models.Whisper`."""
    about: _About
    device: Any
    """`torch.device`, as openai-whisper's models have it."""

    @property
    def is_multilingual(self) -> bool:
        """False for the ``.en`` models."""
        return self.about.multilingual


# ── Converting ───────────────────────────────────────────────────────────────────────────────────


def converted(folder: Path, sha256: str) -> Path:
    """Where the conversion of the checkpoint of that hash is kept."""
    return folder / f"{sha256[:32]}-int8-{_library().__version__}"


def convert(model: Whisper, target: Path) -> None:
    """Write a model's weights in CTranslate2's format, whole or not at all.

    Raises:
        UsageError: CTranslate2 is not installed.
        ModelError: there is no room for them.
    """
    spec = _spec(model)
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".part-") as part:
            whole = Path(part) / "model"
            whole.mkdir()
            spec.save(os.fspath(whole))
            about = _About(vars(model.dims), model.is_multilingual, model.num_languages)
            (whole / _ABOUT).write_bytes(msgspec.json.encode(about))
            if not target.exists():  # another worker may have been quicker
                shutil.move(whole, target)
    except OSError as error:
        raise ModelError(
            target,
            expected="room for the converted weights",
            found=error.strerror or str(error),
            remedy="make room there, or set XDG_CACHE_HOME to another folder",
        ) from None


def load(folder: Path, device: str) -> Quantised:
    """A model that `convert` wrote.

    Raises:
        UsageError: CTranslate2 is not installed.
        ModelError: the files are not what it wrote.
    """
    import torch

    library, kind = _library(), torch.device(device).type
    try:
        about = msgspec.json.decode((folder / _ABOUT).read_bytes(), type=_About)
        model = library.models.Whisper(
            os.fspath(folder),
            device=kind,
            device_index=torch.device(device).index or 0,
            compute_type="int8" if kind == "cpu" else "int8_float16",
            intra_threads=torch.get_num_threads(),
        )
    except (OSError, RuntimeError, ValueError, msgspec.MsgspecError) as error:
        raise ModelError(
            folder,
            expected="a model as CTranslate2 writes it",
            found=printable(str(error).splitlines()[0][:120] if str(error) else "something else"),
            remedy="remove this folder, and it is made again",
        ) from None
    return Quantised(model, about, torch.device(device))


def _library() -> Any:
    try:
        import ctranslate2
    except ImportError:
        raise UsageError(
            f"transcript.engine {ENGINE} needs the package ctranslate2: "
            "install it with pip install 'qinhe[faster-whisper]'."
        ) from None
    return ctranslate2


def _spec(model: Whisper) -> Any:
    """The weights under CTranslate2's names, in 8 bits."""
    library = _library()
    dims = model.dims
    spec = library.specs.WhisperSpec(
        dims.n_audio_layer, dims.n_audio_head, dims.n_text_layer, dims.n_text_head
    )
    weights = {name: _array(tensor) for name, tensor in model.state_dict().items()}
    encoder, decoder = spec.encoder, spec.decoder
    for name in ("conv1", "conv2"):
        conv = getattr(encoder, name)
        conv.weight, conv.bias = weights[f"encoder.{name}.weight"], weights[f"encoder.{name}.bias"]
    encoder.position_encodings.encodings = weights["encoder.positional_embedding"]
    decoder.position_encodings.encodings = weights["decoder.positional_embedding"]
    _norm(encoder.layer_norm, weights, "encoder.ln_post")
    _norm(decoder.layer_norm, weights, "decoder.ln")
    decoder.embeddings.weight = weights["decoder.token_embedding.weight"]
    decoder.projection.weight = weights["decoder.token_embedding.weight"]
    for name, part in (("encoder", encoder), ("decoder", decoder)):
        for number, layer in enumerate(part.layer):
            _layer(layer, weights, f"{name}.blocks.{number}")
    heads = [[int(layer), int(head)] for layer, head in model.alignment_heads.indices().T.tolist()]
    spec.config.alignment_heads = heads
    spec.register_vocabulary(_vocabulary(model))
    spec.validate()
    spec.optimize(quantization="int8")
    return spec


def _array(tensor: Any) -> npt.NDArray[np.float32]:
    # A copy: quantising works in place, and would spoil the weights that it came from.
    found: npt.NDArray[np.float32] = tensor.detach().float().cpu().numpy().copy()
    return found


_Weights = dict[str, npt.NDArray[np.float32]]


def _layer(layer: Any, weights: _Weights, at: str) -> None:
    _norm(layer.self_attention.layer_norm, weights, f"{at}.attn_ln")
    _linear(layer.self_attention.linear[0], weights, *(f"{at}.attn.{k}" for k in _QKV))
    _linear(layer.self_attention.linear[1], weights, f"{at}.attn.out")
    if hasattr(layer, "attention"):
        _norm(layer.attention.layer_norm, weights, f"{at}.cross_attn_ln")
        _linear(layer.attention.linear[0], weights, f"{at}.cross_attn.query")
        _linear(layer.attention.linear[1], weights, *(f"{at}.cross_attn.{k}" for k in _QKV[1:]))
        _linear(layer.attention.linear[2], weights, f"{at}.cross_attn.out")
    _norm(layer.ffn.layer_norm, weights, f"{at}.mlp_ln")
    _linear(layer.ffn.linear_0, weights, f"{at}.mlp.0")
    _linear(layer.ffn.linear_1, weights, f"{at}.mlp.2")


_QKV: Final = ("query", "key", "value")


def _norm(spec: Any, weights: _Weights, name: str) -> None:
    spec.gamma, spec.beta = weights[f"{name}.weight"], weights[f"{name}.bias"]


def _linear(spec: Any, weights: _Weights, *names: str) -> None:
    """One matrix of several; Whisper's keys have no bias, which is one of zeros."""
    parts = [weights[f"{name}.weight"] for name in names]
    none = np.zeros(len(parts[0]), np.float32)
    spec.weight = np.concatenate(parts)
    spec.bias = np.concatenate([weights.get(f"{name}.bias", none) for name in names])


def _vocabulary(model: Whisper) -> list[str]:
    """A name for every token: CTranslate2 looks for the special ones by theirs."""
    from whisper.tokenizer import get_tokenizer

    tokenizer = get_tokenizer(model.is_multilingual, num_languages=model.num_languages)
    special = {number: name for name, number in tokenizer.special_tokens.items()}
    return [special.get(i, f"#{i}") for i in range(model.dims.n_vocab)]


# ── Recognising ──────────────────────────────────────────────────────────────────────────────────


def recognise(
    model: Quantised, sounds: Iterable[FloatArray], settings: TranscriptSettings, language: str
) -> Iterator[Passage]:
    """What is said in each window, batch after batch; as `batched.recognise`.

    Args:
        model: loaded.
        sounds: windows of at most 30 s at 16 kHz, float32.
        settings: batch size, beams, limits; more than one temperature: try again what fails them.
        language: Whisper's code.

    Yields:
        One passage a window, times in seconds from its start.
    """
    from whisper.tokenizer import get_tokenizer

    tokenizer = get_tokenizer(
        model.is_multilingual,
        num_languages=model.about.languages,
        language=language,
        task="transcribe",
    )
    left = iter(sounds)
    while batch := list(islice(left, settings.batch_windows)):
        yield from _Batch(model, tokenizer, settings, batch).passages()


class _Text:
    """One decoding of a window."""

    def __init__(self, result: Any, tokenizer: Tokenizer) -> None:
        from pipeline.measure.spelled import compression_ratio

        self.tokens: list[int] = [t for t in result.sequences_ids[0] if t < tokenizer.eot]
        # The score is the mean over the tokens; openai-whisper's counts the end of text, too.
        self.log_probability = result.scores[0] * len(self.tokens) / (len(self.tokens) + 1)
        self.no_speech: float = result.no_speech_prob
        self.compression_ratio = compression_ratio(tokenizer.decode(self.tokens).strip())

    def fails(self, settings: TranscriptSettings) -> bool:
        """Repeats itself, or is improbable."""
        return bool(
            self.compression_ratio > settings.compression_ratio
            or self.log_probability < settings.retry_log_probability
        )


class _Batch:
    """Windows on their way through the model together."""

    def __init__(
        self,
        model: Quantised,
        tokenizer: Tokenizer,
        settings: TranscriptSettings,
        sounds: Sequence[FloatArray],
    ) -> None:
        from pipeline.measure.spelled import log_mels

        self._library, self._model, self._about = _library(), model.model, model.about
        self._tokenizer = tokenizer
        self._settings = settings
        self._durations = [len(sound) / 16_000 for sound in sounds]
        mels = np.ascontiguousarray(log_mels(sounds, model.about.dims["n_mels"]).numpy())
        view = self._library.StorageView.from_array(mels)
        self._heard: npt.NDArray[np.float32] = np.array(self._model.encode(view, to_cpu=True))

    def passages(self) -> Iterator[Passage]:
        """Decodes once, and what fails its limits again with more beams.

        CTranslate2 seeds its sampling once a thread: at a temperature, a text would depend on what
        was recognised before it.
        """
        texts = self._written(range(len(self._durations)), self._settings.beam_size or 1)
        failed = [index for index, text in enumerate(texts) if text.fails(self._settings)]
        if failed and len(self._settings.temperatures) > 1:
            for index, text in zip(failed, self._written(failed, _BEAMS_AGAIN), strict=True):
                texts[index] = text
        for text, found in zip(texts, self._timed(texts), strict=True):
            yield Passage(tuple(found), text.log_probability, text.no_speech)

    def _written(self, group: Sequence[int], beams: int) -> list[_Text]:
        prompt = self._prompt()
        results = self._model.generate(
            self._view(group),
            [prompt] * len(group),
            beam_size=beams,
            max_length=min(_CONTEXT, len(prompt) + _CONTEXT // 2),
            return_scores=True,
            return_no_speech_prob=True,
            suppress_tokens=self._forbidden(),
        )
        return [_Text(result, self._tokenizer) for result in results]

    def _view(self, group: Sequence[int]) -> Any:
        return self._library.StorageView.from_array(np.ascontiguousarray(self._heard[list(group)]))

    def _prompt(self) -> list[int]:
        start = [*self._tokenizer.sot_sequence, self._tokenizer.no_timestamps]
        if not self._settings.prompt:
            return start
        before = self._tokenizer.encode(f" {self._settings.prompt.strip()}")
        return [self._tokenizer.sot_prev, *before[-223:], *start]

    def _forbidden(self) -> list[int]:
        """What `whisper.decoding` suppresses, and every token that no text holds."""
        known = self._tokenizer
        return [*known.non_speech_tokens, *range(known.eot + 1, self._about.dims["n_vocab"])]

    def _timed(self, texts: Sequence[_Text]) -> Iterator[Iterator[Piece]]:
        """Words with times from the cross-attention: one pass more of the decoder, all at once."""
        from pipeline.measure.spelled import pieces

        group = [index for index, text in enumerate(texts) if text.tokens]
        found = self._model.align(
            self._view(group),
            list(self._tokenizer.sot_sequence),
            [texts[index].tokens for index in group],
            [max(2, round(self._durations[index] * _FRAMES_PER_S)) for index in group],
        ) if group else []  # fmt: skip
        aligned = dict(zip(group, found, strict=True))
        for index, text in enumerate(texts):
            if index not in aligned:
                yield iter(())
                continue
            places, frames = np.array(aligned[index].alignments).T
            jumps = np.pad(np.diff(places), (1, 0), constant_values=1).astype(bool)
            times = frames[jumps] / _STEPS_PER_S
            yield pieces(self._tokenizer, text.tokens, times, aligned[index].text_token_probs)
