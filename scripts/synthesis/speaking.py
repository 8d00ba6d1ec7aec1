"""Says one line of a call: the clean voice and the true times of its words.

espeak-ng speaks Hanzi only (`voice`), so Latin letters get the syllables with which Mandarin
speakers spell them; a letter is one word however many syllables it has.
"""

import functools
from dataclasses import dataclass, replace

import numpy as np
from scipy.signal import firwin2, resample_poly, upfirdn

from scripts.synthesis.clean_pitch import Track, track
from scripts.synthesis.dialogue import Said, Step, VoiceScript, take_apart
from scripts.synthesis.line import RATE_HZ, Signal
from scripts.synthesis.voice import (
    PAUSES,
    Speech,
    SpokenWord,
    Voice,
    speak_syllables,
    to_syllables,
)

# How the letters are said in Mandarin speech (as in 微信支付 ID, A 座, V I P).
LETTERS = {
    "A": "ei1", "B": "bi4", "C": "xi1", "D": "di4", "E": "yi4", "F": "ai2 fu5",
    "G": "ji4", "H": "ei2 chi5", "I": "ai4", "J": "zhei4", "K": "kei4", "L": "ai2 le5",
    "M": "ai2 mu5", "N": "en4", "O": "ou1", "P": "pi4", "Q": "kiu4", "R": "a4 er5",
    "S": "ai2 si5", "T": "ti4", "U": "you1", "V": "wei1", "W": "da2 bu5 liu5",
    "X": "ai2 ke4 si5", "Y": "wai1", "Z": "zei4",
}  # fmt: skip

_FADE_S = 0.02
_SPLICE_S = 0.005
_DRAWL_WPM = 80
_EMPHASIS_DB = 0.55
"""Rise above 1 kHz for each dB of effort: men and women together (Sundberg & Nordenberg 2006)."""
_EMPHASIS_HZ = (900.0, 1100.0)
_EMPHASIS_TAPS = 255


@dataclass(frozen=True, slots=True)
class Word:
    """A spoken character or letter; seconds from the start of its utterance."""

    text: str
    start: float
    end: float
    syllables: int = 1
    filler: bool = False


@dataclass(frozen=True)
class Utterance:
    """A line as spoken: clean samples at 8 kHz before the telephone's band, and its words."""

    step: Step
    said: Said
    voice: Voice
    samples: Signal
    words: tuple[Word, ...]

    @property
    def start(self) -> float:
        """Where the first word begins, seconds from the first sample."""
        return self.words[0].start

    @property
    def end(self) -> float:
        """Where the last word that is said ends."""
        return self.words[-1].end

    @functools.cached_property
    def pitch_hz(self) -> Track:
        """F0 of the clean sound."""
        return track(self.samples)


def say(step: Step, usual: VoiceScript, chance: np.random.Generator) -> Utterance:
    """Speak a step in its speaker's voice, which varies a little from line to line as voices do.

    Raises:
        SpeechError: the text has characters that cannot be read.
        ValueError: its markup is wrong.
    """
    said = take_apart(step.agent or step.customer or "")
    voice = _voice(step, usual, chance)
    syllables = _syllables(said)
    speech = speak_syllables(syllables, voice)
    if step.drawl:
        speech = _drawn_out(speech, syllables, voice)
    words = _words(speech, said)
    samples = speech.samples.astype(np.float64)
    samples, words = _cut(samples, speech.rate, words, said)
    if step.effort_db:
        samples = _with_effort(samples, speech.rate, step.effort_db)
    return Utterance(step, said, voice, resample_poly(samples, RATE_HZ, speech.rate), words)


def _voice(step: Step, usual: VoiceScript, chance: np.random.Generator) -> Voice:
    rate, pitch = 1 + 0.02 * chance.uniform(-1, 1), int(chance.integers(-2, 3))
    pitch_range = usual.pitch_range if step.pitch_range is None else step.pitch_range
    if pitch_range < 20:
        pitch = 0  # a monotone does not move between lines either
    return Voice(
        variant=usual.variant,
        rate_wpm=int(np.clip(round((step.rate_wpm or usual.rate_wpm) * rate), 80, 450)),
        pitch=int(np.clip((usual.pitch if step.pitch is None else step.pitch) + pitch, 0, 99)),
        pitch_range=pitch_range,
    )


def _syllables(said: Said) -> tuple[tuple[str, str], ...]:
    """(position in `said.spoken`, pinyin or pause mark) of everything to be synthesised."""
    pairs: list[tuple[str, str]] = []
    run = ""
    for position, character in enumerate(said.spoken):
        if character in LETTERS:
            pairs += _hanzi(run, position)
            pairs += [(str(position), syllable) for syllable in LETTERS[character].split()]
            run = ""
        else:
            run += character
    return tuple(pairs + _hanzi(run, len(said.spoken)))


def _hanzi(run: str, end: int) -> list[tuple[str, str]]:
    start = end - len(run)
    return [(str(start + at), pair[1]) for at, pair in enumerate(to_syllables(run))] if run else []


def _words(speech: Speech, said: Said) -> tuple[Word, ...]:
    words: list[Word] = []
    positions: list[str] = []
    for spoken in speech.words:
        position = int(spoken.text)
        text = said.spoken[position]
        if positions and positions[-1] == spoken.text:  # a letter's further syllables
            words[-1] = replace(words[-1], end=spoken.end, syllables=words[-1].syllables + 1)
            continue
        filler = position in said.fillers
        words.append(Word(text, spoken.start, spoken.end, filler=filler))
        positions.append(spoken.text)
    return tuple(words)


def _cut(
    samples: Signal, rate: int, words: tuple[Word, ...], said: Said
) -> tuple[Signal, tuple[Word, ...]]:
    """Stop where the first unsaid word would begin, with a short fade, and drop what follows."""
    if not said.cut:
        return samples, words
    kept = sum(character not in PAUSES for character in said.spoken[: said.said])
    at = round(words[kept - 1].end * rate)
    fade = min(at, round(_FADE_S * rate))
    stopped = samples[:at].copy()
    stopped[at - fade :] *= np.linspace(1.0, 0.0, fade)
    return stopped, words[:kept]


def _drawn_out(speech: Speech, syllables: tuple[tuple[str, str], ...], voice: Voice) -> Speech:
    """The same, its last syllable taken from a very slow reading of the line."""
    slow = speak_syllables(syllables, replace(voice, rate_wpm=_DRAWL_WPM))
    last, long = speech.words[-1], slow.words[-1]
    rate, splice = speech.rate, round(_SPLICE_S * speech.rate)
    head = speech.samples[: round(last.start * rate) + splice].copy()
    tail = slow.samples[round(long.start * rate) :].copy()
    ramp = np.linspace(0.0, 1.0, splice, dtype=np.float32)
    tail[:splice] = tail[:splice] * ramp + head[-splice:] * (1 - ramp)
    samples = np.concatenate([head[:-splice], tail])
    final = SpokenWord(last.text, last.start, last.start + long.end - long.start)
    return Speech(samples, rate, (*speech.words[:-1], final))


def _with_effort(samples: Signal, rate: int, effort_db: float) -> Signal:
    """Raise what lies above 1 kHz; the level itself is set on the line."""
    raised = 10 ** (effort_db * _EMPHASIS_DB / 20)
    corners = [0.0, *_EMPHASIS_HZ, rate / 2]
    taps = firwin2(_EMPHASIS_TAPS, corners, [1.0, 1.0, raised, raised], fs=rate)
    late = _EMPHASIS_TAPS // 2
    return np.asarray(upfirdn(taps, samples)[late : late + len(samples)])
