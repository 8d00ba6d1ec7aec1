"""Mandarin speech from espeak-ng, with the true start and end of every character.

The text is turned into pinyin syllables (pypinyin, which knows the readings of phrases), each
syllable is handed to espeak-ng as a word of its own, and the synthesiser's word and phoneme
events, which count samples, give the times. libespeak-ng keeps one global voice, so one process
speaks one text at a time; use a process pool to speak many. Its oscillators run on from one text
to the next: a fresh process repeats a sequence of texts exactly, the same process to about 10 ms.
"""

import ctypes
import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pypinyin import Style, pinyin

Samples = npt.NDArray[np.float32]

LANGUAGE = "cmn-latn-pinyin"
PAUSES = {
    "，": ",",
    "、": ",",
    "；": ";",
    "：": ":",
    "。": ".",
    "？": "?",
    "！": "!",
    "…": ".",
}
# pypinyin reads these interjections as syllabic consonants that espeak-ng would spell as letters.
READINGS = {
    "嗯": "en1",
    "呣": "mu4",
    "噢": "o1",
    "哦": "o4",
    "喔": "o1",
    "欸": "ei4",
    "诶": "ei4",
}

_RETRIEVAL = 1  # AUDIO_OUTPUT_RETRIEVAL: samples go to the callback, none to a sound card
_PHONEME_EVENTS = 1
_DONT_EXIT = 0x8000
_UTF8 = 1
_RATE, _VOLUME, _PITCH, _RANGE = 1, 2, 3, 4
_END_OF_LIST, _WORD, _PHONEME = 0, 1, 7


class SpeechError(RuntimeError):
    """espeak-ng is missing, refused the voice, or cannot read the text."""


@dataclass(frozen=True, slots=True)
class Voice:
    """A way of speaking.

    `rate_wpm` is espeak-ng's rate, 80 to 450; Mandarin comes out at about 1.4 times as many
    syllables a minute (120: 157, 200: 280, 320: 484);
    `variant` is an espeak-ng variant name ("f3", "klatt2", ...; empty: the plain voice);
    `pitch` and `pitch_range` run from 0 to 99 (range 0 is a monotone); `volume` is espeak-ng's
    amplitude, 100 by default, at most 200 (where it clips).
    """

    variant: str = ""
    rate_wpm: int = 200
    pitch: int = 50
    pitch_range: int = 50
    volume: int = 100


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """One character as it was spoken; times in seconds from the first sample."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Speech:
    """Mono samples in [-1, 1] at `rate` Hz and the characters spoken in them, in order."""

    samples: Samples
    rate: int
    words: tuple[SpokenWord, ...]


class _Identity(ctypes.Union):
    _fields_ = [
        ("number", ctypes.c_int),
        ("name", ctypes.c_char_p),
        ("string", ctypes.c_char * 8),
    ]


class _Event(ctypes.Structure):
    """espeak_EVENT of speak_lib.h, version 1.49 and later."""

    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Identity),
    ]


@dataclass(frozen=True, slots=True)
class _Mark:
    """A word (its position in the text) or a phoneme (its name), at a sample."""

    sample: int
    position: int | None
    phoneme: str


def speak(text: str, voice: Voice | None = None) -> Speech:
    """Speak Hanzi and Mandarin punctuation.

    Raises SpeechError for characters that have no reading (Latin letters, Arabic digits).
    """
    syllables = to_syllables(text)
    return speak_syllables(syllables, voice or Voice())


def to_syllables(text: str) -> tuple[tuple[str, str], ...]:
    """Pair every character with its numbered pinyin, or with the pause that its mark stands for."""
    characters = [character for character in text if not character.isspace()]
    readings = pinyin(
        "".join(characters),
        style=Style.TONE3,
        neutral_tone_with_five=True,
        errors=_single,  # type: ignore[arg-type]  # pypinyin takes lists, its stub forgot them
    )
    if len(readings) != len(characters):
        raise SpeechError(f"cannot read {text!r}: some characters have no reading of their own")
    return tuple(
        (character, _reading(character, reading[0]))
        for character, reading in zip(characters, readings, strict=True)
    )


def speak_syllables(syllables: tuple[tuple[str, str], ...], voice: Voice) -> Speech:
    """Speak (label, numbered pinyin or pause mark) pairs; every syllable becomes one word."""
    source, labels = _source(syllables)
    samples, marks, rate = _synthesise(source, voice)
    words = _words(marks, labels, len(samples), rate)
    if len(words) != len(labels):
        raise SpeechError(
            f"espeak-ng spoke {len(words)} of {len(labels)} syllables of {source.strip()!r}"
        )
    return Speech(samples, rate, words)


def _single(unread: str) -> list[str]:
    """Keep characters without a reading apart, as pypinyin would otherwise lump them together."""
    return list(unread)


def _reading(character: str, reading: str) -> str:
    if character in PAUSES:
        return PAUSES[character]
    if character in READINGS:
        return READINGS[character]
    if not reading.isascii() or not reading[:-1].isalpha() or not reading[-1].isdigit():
        raise SpeechError(
            f"no Mandarin reading for {character!r}: write numbers and letters as Hanzi"
        )
    return reading


def _source(syllables: tuple[tuple[str, str], ...]) -> tuple[str, dict[int, str]]:
    """The text for espeak-ng and the label of the syllable at each 1-based position in it."""
    source = ""
    labels: dict[int, str] = {}
    for label, reading in syllables:
        if reading[0].isalpha():
            labels[len(source) + 1] = label
        source += f"{reading} "
    return source, labels


def _words(
    marks: list[_Mark], labels: dict[int, str], n_samples: int, rate: int
) -> tuple[SpokenWord, ...]:
    words: list[SpokenWord] = []
    pending: tuple[str, int] | None = None
    for mark in [*marks, _Mark(n_samples, None, "_")]:
        # Phonemes whose names begin with "_" are the pauses and word boundaries.
        closes = mark.position is not None or mark.phoneme.startswith("_")
        if pending is not None and closes and mark.sample > pending[1]:
            label, start = pending
            words.append(SpokenWord(label, start / rate, mark.sample / rate))
            pending = None
        if mark.position is not None:
            pending = (labels[mark.position], mark.sample)
    return tuple(words)


def _synthesise(source: str, voice: Voice) -> tuple[Samples, list[_Mark], int]:
    library, rate, collect = _engine()
    _choose(library, voice)
    collect.clear()
    encoded = source.encode()
    size = ctypes.c_size_t(len(encoded) + 1)
    if library.espeak_Synth(encoded, size, 0, 1, 0, _UTF8, None, None) != 0:
        raise SpeechError(f"espeak-ng could not speak {source!r}")
    library.espeak_Synchronize()
    return collect.samples(), list(collect.marks), rate


def _choose(library: ctypes.CDLL, voice: Voice) -> None:
    # espeak-ng itself falls back to its plain voice without a word.
    if voice.variant and not (_variants(library) / voice.variant).is_file():
        raise SpeechError(
            f"espeak-ng has no voice variant {voice.variant!r}: see `espeak-ng --voices=variant`"
        )
    name = f"{LANGUAGE}+{voice.variant}" if voice.variant else LANGUAGE
    if library.espeak_SetVoiceByName(name.encode()) != 0:
        raise SpeechError(f"espeak-ng does not know {LANGUAGE}: version 1.50 or later is needed")
    for parameter, value in (
        (_RATE, voice.rate_wpm),
        (_VOLUME, voice.volume),
        (_PITCH, voice.pitch),
        (_RANGE, voice.pitch_range),
    ):
        library.espeak_SetParameter(parameter, value, 0)


def _variants(library: ctypes.CDLL) -> Path:
    data = ctypes.c_char_p()
    library.espeak_Info.restype = ctypes.c_char_p
    library.espeak_Info(ctypes.byref(data))
    return Path((data.value or b"").decode()) / "voices" / "!v"


class _Collector:
    """What the synthesis callback has handed over so far."""

    def __init__(self) -> None:
        self.blocks: list[npt.NDArray[np.int16]] = []
        self.marks: list[_Mark] = []

    def clear(self) -> None:
        self.blocks.clear()
        self.marks.clear()

    def samples(self) -> Samples:
        if not self.blocks:
            return np.zeros(0, np.float32)
        return (np.concatenate(self.blocks) / np.float32(32768)).astype(np.float32)

    def receive(self, wave: object, count: int, events: object) -> int:
        """Keep one block; espeak-ng goes on when this returns 0."""
        if wave and count > 0:
            block = np.ctypeslib.as_array(wave, (count,))
            self.blocks.append(block.copy())
        index = 0
        while (event := events[index]).type != _END_OF_LIST:  # type: ignore[index]
            # A word of length 0 is only the end of the clause.
            if event.type == _WORD and event.length > 0:
                self.marks.append(_Mark(event.sample, event.text_position, ""))
            elif event.type == _PHONEME:
                name = event.id.string.decode(errors="replace")
                self.marks.append(_Mark(event.sample, None, name))
            index += 1
        return 0


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)
_callbacks: list[Callable[..., int]] = []  # ctypes callbacks must outlive the library's use of them


@functools.cache
def _engine() -> tuple[ctypes.CDLL, int, _Collector]:
    """Load libespeak-ng once a process; returns it, its sampling rate in Hz and its collector."""
    try:
        library = ctypes.CDLL("libespeak-ng.so.1")
    except OSError as error:
        raise SpeechError(
            "libespeak-ng.so.1 is not installed: run scripts/setup, or apt-get install espeak-ng"
        ) from error
    rate = library.espeak_Initialize(_RETRIEVAL, 0, None, _PHONEME_EVENTS | _DONT_EXIT)
    if rate <= 0:
        raise SpeechError("espeak-ng did not start: is the package espeak-ng-data installed?")
    collector = _Collector()
    callback = _Callback(collector.receive)
    _callbacks.append(callback)
    library.espeak_SetSynthCallback(callback)
    return library, rate, collector
