"""The text model beside the phrase lists: which intents it knows, and its weights.

A linear classifier per intent over n-grams (`pipeline.judge.lexicon.meaning` applies it,
`scripts/train_meanings` makes it, docs/decisions/0014 says why it is linear). The file holds, for
every n-gram that weighs anything, the intents it speaks for or against.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from pipeline.errors import ModelError
from pipeline.files import UNREADABLE, unpacked

Floats = npt.NDArray[np.float64]
Longs = npt.NDArray[np.int64]
Keys = npt.NDArray[np.int64]

SHIPPED: Final = Path(__file__).resolve().parent.parent / "models"
FORMAT: Final = 1


@dataclass(frozen=True, eq=False)
class Meanings:
    """A trained model. ``K`` intents, ``F`` n-grams, ``N`` weights, ``E`` written examples."""

    name: str
    sha256: str
    characters: tuple[str, ...]
    """Units that n-grams are made of; the place is the code, from 1 …"""
    syllables: tuple[str, ...]
    """… and syllables, whose codes follow after."""
    intents: tuple[str, ...]
    speakers: tuple[str, ...]
    """Who says it: agent or customer (K)."""
    keys: Keys
    """N-grams as numbers, ascending (F)."""
    first: Longs
    """Where each n-gram's weights begin (F + 1)."""
    intent_of: Longs
    """The intent of each weight (N) …"""
    weights: Floats
    """… and the weight: evidence in logits, before division by the root of the length (N)."""
    bias: Floats
    """Of each intent (K)."""
    limits: Floats
    """The probability from which each intent counts unless a list says otherwise (K)."""
    examples: tuple[str, ...]
    """Sentences that were written for the intents, by intent (E)."""
    example_first: Longs
    """Where each intent's examples begin (K + 1)."""


def shipped_meanings() -> tuple[str, ...]:
    """The models that ship with Qinhe, by name."""
    files = SHIPPED.glob(f"{_PREFIX}*.npz")
    return tuple(sorted(path.stem.removeprefix(_PREFIX) for path in files))


_PREFIX: Final = "meanings-"


@functools.lru_cache(maxsize=4)
def load_meanings(name: str) -> Meanings:
    """A shipped model by name, or one by its file.

    Raises:
        ModelError: missing, or not such a file.
    """
    path = Path(name) if name.endswith(".npz") else SHIPPED / f"{_PREFIX}{name}.npz"
    try:
        data = path.read_bytes()
        return _built(path.stem.removeprefix(_PREFIX), data, unpacked(data))
    except UNREADABLE as error:
        raise ModelError(
            path,
            expected="a text model that scripts/train_meanings made",
            found=str(error) or type(error).__name__,
            remedy=f"take a shipped one ({', '.join(shipped_meanings())}), or train it again",
        ) from None


def _built(name: str, data: bytes, arrays: Mapping[str, npt.NDArray[Any]]) -> Meanings:
    if int(arrays["format"]) != FORMAT:
        raise ValueError(f"format {int(arrays['format'])}, this version reads {FORMAT}")
    intent_of = arrays["intent_of"].astype(np.int64)
    scale = arrays["scale"].astype(np.float64)
    return Meanings(
        name=name,
        sha256=hashlib.sha256(data).hexdigest(),
        characters=tuple(arrays["characters"].tolist()),
        syllables=tuple(arrays["syllables"].tolist()),
        intents=tuple(arrays["intents"].tolist()),
        speakers=tuple(arrays["speakers"].tolist()),
        keys=arrays["keys"].astype(np.int64),
        first=np.concatenate([[0], arrays["counts"].astype(np.int64).cumsum()]),
        intent_of=intent_of,
        weights=arrays["weights"] * scale[intent_of],
        bias=arrays["bias"].astype(np.float64),
        limits=arrays["limits"].astype(np.float64),
        examples=tuple(arrays["examples"].tolist()),
        example_first=np.concatenate([[0], arrays["example_counts"].astype(np.int64).cumsum()]),
    )
