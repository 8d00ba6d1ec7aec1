"""Batches: windows with their token sequences, attention guides and frame labels as tensors."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
import torch
from pypinyin import Style, pinyin

from scripts.synthesis import text
from scripts.synthesis.voice import to_syllables
from scripts.training.tokens import STEP_S, TokenMap, token_map
from scripts.training.windows import Character, Material, Window

IGNORED = -100
FIRST_TIMESTAMP_LIMIT_S = 1.0  # whisper.transcribe never lets the first timestamp be later
MAX_TOKENS = 320
PROMPT_TOKENS = 223  # whisper.transcribe prompts with at most n_text_ctx // 2 - 1 tokens
LOWEST_HZ, STEPS_AN_OCTAVE, PITCH_STEPS = 60.0, 16, 52  # 60 to 570 Hz by 3/4 semitone
AFTER_SHARE = 0.15  # of a character's guide that lies on the pause after it


@dataclass(frozen=True, slots=True)
class Batch:
    """`mel` B x 80 x frames; the rest by token (B x N) or by encoder frame (B x frames / 2)."""

    mel: torch.Tensor
    position: int  # encoder frame at which the windows begin (cheap short windows only)
    inputs: torch.Tensor
    targets: torch.Tensor
    guide: torch.Tensor  # B x N x frames / 2: where the row's attention should lie; 0: no matter
    characters: torch.Tensor  # frame labels: index of the character, 0 silence, IGNORED
    syllables: torch.Tensor
    tones: torch.Tensor  # 1 to 5, 0 silence
    pitch: torch.Tensor  # step of `PITCH_STEPS`, 0 unvoiced


@dataclass(frozen=True, slots=True)
class Manner:
    """How a window's target is written."""

    timestamps: bool
    prompt: bool
    position: int
    disturbed: bool = True  # some pieces replaced on the decoder's side


@dataclass(slots=True)
class _Row:
    token: int
    guide: tuple[float, float, float] | None = None  # start, end, end of the pause after it


def collate(
    windows: Sequence[Window], styles: Sequence[Manner], material: Material, random: Random
) -> Batch:
    """Tensors for windows that share one position; shorter ones are padded with 0.0."""
    frames = max(len(window.mel) for window in windows)
    frames += frames % 2
    sequences = [
        _sequence(window, style, material, random)
        for window, style in zip(windows, styles, strict=True)
    ]
    longest = max(len(rows) for rows, _ in sequences) - 1
    tokens = token_map()
    mel = np.zeros((len(windows), frames, 80), np.float32)
    inputs = np.full((len(windows), longest), tokens.eot, np.int64)
    targets = np.full((len(windows), longest), IGNORED, np.int64)
    guide = np.zeros((len(windows), longest, frames // 2), np.float32)
    characters = np.full((len(windows), frames // 2), IGNORED, np.int64)
    syllables = np.full((len(windows), frames // 2), IGNORED, np.int64)
    tones = np.full((len(windows), frames // 2), IGNORED, np.int64)
    pitch = np.full((len(windows), frames // 2), IGNORED, np.int64)
    for index, (window, style, (rows, start)) in enumerate(
        zip(windows, styles, sequences, strict=True)
    ):
        mel[index, : len(window.mel)] = window.mel
        count = len(rows) - 1
        ids = [row.token for row in rows[:-1]]
        inputs[index, :count] = _disturbed(ids, random) if style.disturbed else ids
        goal = [row.token for row in rows[1:]]
        targets[index, start:count] = goal[start:]
        if not window.segments and goal[start] == tokens.chinese:
            targets[index, start : start + 2] = (tokens.no_speech, IGNORED)
        for place, row in enumerate(rows[1:]):
            if row.guide is not None:
                _guide(guide[index, place], row.guide, window.content / 100)
        _label(window, characters[index], syllables[index], tones[index], random)
        steps = pitch_steps(window.f0)
        pitch[index, : len(steps)] = steps
    return Batch(
        torch.from_numpy(mel.transpose(0, 2, 1).copy()),
        styles[0].position,
        torch.from_numpy(inputs),
        torch.from_numpy(targets),
        torch.from_numpy(guide),
        torch.from_numpy(characters),
        torch.from_numpy(syllables),
        torch.from_numpy(tones),
        torch.from_numpy(pitch),
    )


def _sequence(
    window: Window, style: Manner, material: Material, random: Random
) -> tuple[list[_Row], int]:
    """The rows from prompt to end-of-text, and the index of start-of-transcript."""
    tokens = token_map()
    prompt = _prompt(material, tokens, random) if style.prompt else []
    rows = [_Row(token) for token in (*prompt, tokens.sot, tokens.chinese, tokens.transcribe)]
    if style.timestamps:
        rows += _timed(window, tokens, style.position * STEP_S)
    else:
        rows.append(_Row(tokens.no_timestamps))
        heard = [character for segment in window.segments for character in segment]
        rows += _spelled(heard, tokens, window.content / 100)
        tail = heard[-1].end if heard else None
        rows.append(_Row(tokens.eot, None if tail is None else (tail, tail + 0.4, 30.0)))
    return rows[: len(prompt) + MAX_TOKENS], len(prompt)


def _timed(window: Window, tokens: TokenMap, shift: float) -> list[_Row]:
    """Segments between timestamps, as Whisper writes them; an empty window has one at 0."""
    if not window.segments:
        return [_Row(tokens.timestamp(0)), _Row(tokens.eot)]
    rows: list[_Row] = []
    for number, segment in enumerate(window.segments):
        start, end = segment[0].start, segment[-1].end
        written = start + shift
        if number == 0 and shift == 0:
            written = min(start, FIRST_TIMESTAMP_LIMIT_S)
        rows.append(_Row(tokens.timestamp(written), (start, start + 0.06, 0.0)))
        rows += _spelled(segment, tokens, end)
        rows.append(_Row(tokens.timestamp(end + shift), (end - 0.06, end, 0.0)))
    if window.cut is not None:
        rows.append(_Row(tokens.timestamp(window.cut + shift), (window.cut, window.cut + 0.06, 0)))
    rows.append(_Row(tokens.eot))
    return rows


def _spelled(characters: Sequence[Character], tokens: TokenMap, end: float) -> list[_Row]:
    """A row for every piece; the pieces of one character share its time evenly."""
    rows: list[_Row] = []
    following = [*(character.start for character in characters[1:]), end]
    for character, after in zip(characters, following, strict=False):
        pieces = tokens.pieces[character.text]
        step = (character.end - character.start) / len(pieces)
        for place, piece in enumerate(pieces):
            start = character.start + place * step
            last = place == len(pieces) - 1
            rows.append(_Row(piece, (start, start + step, after if last else 0.0)))
    return rows


def _prompt(material: Material, tokens: TokenMap, random: Random) -> list[int]:
    """Earlier text as `condition_on_previous_text` hands it over, timestamps included."""
    spoken: list[int] = []
    time = random.uniform(0, 5)
    for _ in range(random.choice((1, 1, 2, 3, 5, 8, 12))):
        _, utterance = material.utterance(random)
        end = time + utterance.ends[-1]
        spoken += [tokens.timestamp(time), *tokens.spell(utterance.text), tokens.timestamp(end)]
        time = end + random.uniform(0.3, 3)
    return [tokens.previous, *spoken[-PROMPT_TOKENS:]]


def _disturbed(ids: list[int], random: Random) -> list[int]:
    """Replace a few pieces, so that the decoder cannot live on the words before alone."""
    tokens = token_map()
    if random.random() < 0.5:
        return ids
    pieces = tokens.eot if tokens.eot < tokens.sot else tokens.sot
    share = random.uniform(0, 0.2)
    return [
        random.randrange(pieces) if token < pieces and random.random() < share else token
        for token in ids
    ]


def _guide(row: np.ndarray, span: tuple[float, float, float], content: float) -> None:
    """Fill one row of the guide: even over the span, a small share over the pause after it."""
    start, end, after = span
    limit = min(max(round(content * 50), 1), len(row))
    first = min(max(round(start * 50), 0), limit - 1)
    last = min(max(round(end * 50), first + 1), limit)
    stop = min(round(after * 50), limit)
    share = AFTER_SHARE if stop > last else 0.0
    row[first:last] = (1 - share) / (last - first)
    if share:
        row[last:stop] = share / (stop - last)


def pitch_steps(f0: np.ndarray) -> np.ndarray:
    """The step of every second frame's F0: 0 unvoiced, IGNORED where nobody was asked."""
    halves = f0[::2][: len(f0) // 2]
    with np.errstate(divide="ignore"):
        steps = np.round(np.log2(halves / LOWEST_HZ) * STEPS_AN_OCTAVE)
    steps = np.where(np.isnan(halves), 0, np.clip(steps, 0, PITCH_STEPS - 1) + 1)
    labels: np.ndarray = np.where(halves == 0, IGNORED, steps).astype(np.int64)
    return labels


def _label(
    window: Window,
    characters: np.ndarray,
    syllables: np.ndarray,
    tones: np.ndarray,
    random: Random,
) -> None:
    """Label the inner frames of every character, and some of the frames far from all of them."""
    known, read = _character_index(), syllable_index()
    silent = np.ones(len(characters), bool)
    silent[window.content // 2 :] = False
    if window.cut is not None:
        silent[max(round(window.cut * 50) - 10, 0) :] = False
    for segment in window.segments:
        readings = to_syllables("".join(character.text for character in segment))
        for character, (_, reading) in zip(segment, readings, strict=True):
            first, last = character.start * 50, character.end * 50
            edge = 0.2 * (last - first)
            inner = slice(round(first + edge), max(round(last - edge), round(first + edge) + 1))
            characters[inner] = known[character.text]
            syllables[inner] = read.get(reading, IGNORED)
            tones[inner] = int(reading[-1])
            silent[max(round(first) - 8, 0) : round(last) + 8] = False
    quiet = np.flatnonzero(silent)
    # Enough to learn silence, without spending the softmax on it.
    chosen = random.sample(range(len(quiet)), min(len(quiet), 25))
    characters[quiet[chosen]] = 0
    syllables[quiet[chosen]] = 0
    tones[quiet[chosen]] = 0


@functools.cache
def _character_index() -> dict[str, int]:
    return {character: place for place, character in enumerate(text.characters(), start=1)}


@functools.cache
def syllable_index() -> dict[str, int]:
    """Every toned syllable that the characters can be read as; 0 is silence."""
    readings = {
        reading
        for character in text.characters()
        for reading in pinyin(
            character, style=Style.TONE3, heteronym=True, neutral_tone_with_five=True
        )[0]
    }
    readings |= {to_syllables(character)[0][1] for character in text.characters()}
    return {reading: place for place, reading in enumerate(sorted(readings), start=1)}
