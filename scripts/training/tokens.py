"""The few token rows that training needs, numbered densely, and their places in Whisper's 51,865.

Whisper writes most Chinese characters as one to three byte-pair tokens. Only the tokens of the
characters that can be spoken, the specials and the timestamps are trained by themselves; all
other rows share one ("rest"), which makes the checkpoint compress well.
"""

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from whisper.tokenizer import Tokenizer, get_tokenizer

from scripts.synthesis import text

FULL_ROWS = 51865
TIMESTAMPS = 1501
STEP_S = 0.02  # seconds a timestamp


@dataclass(frozen=True, slots=True)
class TokenMap:
    """Dense ids: character pieces, specials, rest, then the timestamps at the end."""

    full_ids: npt.NDArray[np.int64]  # dense id -> Whisper id; the rest row holds -1
    pieces: dict[str, tuple[int, ...]]  # character -> dense ids
    sot: int
    eot: int
    chinese: int
    transcribe: int
    no_timestamps: int
    no_speech: int
    previous: int
    rest: int
    first_timestamp: int

    @property
    def size(self) -> int:
        """How many dense rows there are."""
        return len(self.full_ids)

    @property
    def unused(self) -> int:
        """How many of Whisper's rows share the rest row."""
        return FULL_ROWS - (self.size - 1)

    def timestamp(self, seconds: float) -> int:
        """The dense id of the timestamp nearest to a time within the window."""
        return self.first_timestamp + min(max(round(seconds / STEP_S), 0), TIMESTAMPS - 1)

    def spell(self, characters: str) -> list[int]:
        """The dense ids of a text."""
        return [piece for character in characters for piece in self.pieces[character]]


def whisper_tokenizer() -> Tokenizer:
    """Whisper's multilingual tokenizer set to Chinese transcription."""
    return get_tokenizer(True, num_languages=99, language="zh", task="transcribe")


@functools.cache
def token_map() -> TokenMap:
    """Number the tokens of `text.characters()`, the specials and the timestamps."""
    tokenizer = whisper_tokenizer()
    spelled = {character: tokenizer.encode(character) for character in text.characters()}
    specials = [
        tokenizer.sot,
        tokenizer.eot,
        tokenizer.to_language_token("zh"),
        tokenizer.transcribe,
        tokenizer.no_timestamps,
        tokenizer.no_speech,
        tokenizer.sot_prev,
    ]
    used = sorted({piece for pieces in spelled.values() for piece in pieces})
    timestamps = range(tokenizer.timestamp_begin, tokenizer.timestamp_begin + TIMESTAMPS)
    full = [*used, *specials, -1, *timestamps]
    dense = {identity: number for number, identity in enumerate(full)}
    first, second, chinese, transcribe, without, silent, previous = (dense[s] for s in specials)
    return TokenMap(
        full_ids=np.array(full, np.int64),
        pieces={c: tuple(dense[piece] for piece in pieces) for c, pieces in spelled.items()},
        sot=first,
        eot=second,
        chinese=chinese,
        transcribe=transcribe,
        no_timestamps=without,
        no_speech=silent,
        previous=previous,
        rest=dense[-1],
        first_timestamp=dense[tokenizer.timestamp_begin],
    )
