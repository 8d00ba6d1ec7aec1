"""What is trained when: from single sentences to full windows, by the share of training done."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import torch
from torch.utils.data import IterableDataset

from scripts.training import noises
from scripts.training.batches import Batch, Manner, collate
from scripts.training.corpus import Shard, load_shard, log_mel
from scripts.training.windows import (
    FRAMES,
    Material,
    Window,
    empty_window,
    single_window,
    speech_window,
)

ENCODER_FRAMES = FRAMES // 2
SINGLES = 16  # windows a batch of single sentences
SEVERAL = 6  # of several sentences
FULL = 3  # of full windows
RELOAD_EVERY = 150  # steps
NOISE_PIECES = 10  # a kind
NOISE_S = 40.0
SHUFFLED = re.compile("shuffled|characters")  # names of shards that make no sense
TALK_ONLY = 0.8  # of the training: from here on nothing shuffled, nothing replaced


class Curriculum(IterableDataset[Batch]):
    """Batches from step `first` to `steps`.

    The batch of a step depends only on the seed, the rank, the step and the shards that are there;
    its kind and size on seed and step alone, so that no rank waits for another's larger batch.
    """

    def __init__(
        self, corpus: Path, excluded: frozenset[str], seed: int, rank: int, first: int, steps: int
    ) -> None:
        self.corpus = corpus
        self.excluded = excluded
        self.seed = seed
        self.rank = rank
        self.first = first
        self.steps = steps

    def __iter__(self) -> Iterator[Batch]:
        torch.set_num_threads(1)
        material = load_material(self.corpus, self.excluded)
        for step in range(self.first, self.steps):
            # Shards may still be coming in from a corpus that is made beside the training.
            if (step - self.first) % RELOAD_EVERY == 0:
                talk = step / self.steps > TALK_ONLY
                shards = load_shards(self.corpus, self.excluded, talk)
                material = replace(material, shards=shards)
            layout = Random(f"{self.seed} {step}")
            random = Random(f"{self.seed} {self.rank} {step}")
            yield make_batch(material, layout, random, step / self.steps)


def load_material(corpus: Path, excluded: frozenset[str]) -> Material:
    """All finished shards without the excluded sentences, and the noises."""
    kept = load_shards(corpus, excluded)
    unspoken = [_piece(kind, seed) for kind in noises.KINDS for seed in range(NOISE_PIECES)]
    background = [_piece("coloured", 100 + seed) for seed in range(2 * NOISE_PIECES)]
    background += [_piece(kind, 200 + seed) for kind in ("hum", "clicks") for seed in range(3)]
    random = Random("babble")
    babble = [_babble(Material(kept, [], []), random) for _ in range(NOISE_PIECES)]
    return Material(kept, background + babble, unspoken)


def load_shards(corpus: Path, excluded: frozenset[str], talk: bool = False) -> list[Shard]:
    """All finished shards without the excluded sentences; `talk`: without shuffled ones."""
    names = sorted(corpus.glob("*.json"))
    shards = [load_shard(path) for path in names if not (talk and SHUFFLED.search(path.name))]
    if not shards:
        raise FileNotFoundError(f"{corpus}: no shards; make them with scripts.training.corpus")
    return [shard.without(excluded) for shard in shards]


def make_batch(material: Material, layout: Random, random: Random, done: float) -> Batch:
    """The batch for a moment of training; `done` runs from 0 to 1."""
    draw = layout.random()
    singles, several = _shares(done)
    if draw < singles:
        return _singles(material, layout, random, done)
    if draw < singles + several:
        return _several(material, layout, random, done)
    return _full(material, random, done)


def _shares(done: float) -> tuple[float, float]:
    """How many of the batches are of single and of several sentences; the rest are full windows."""
    if done < 0.1:
        return 1.0, 0.0
    if done < 0.3:
        return 0.8, 0.2
    if done < 0.65:
        return 0.45, 0.4
    return (0.3, 0.35) if done < 0.9 else (0.4, 0.4)


def _singles(material: Material, layout: Random, random: Random, done: float) -> Batch:
    """Short windows anywhere on the position table, so that all positions are met early."""
    severity = min(done / 0.2, 1.0)
    windows = [single_window(material, random, severity) for _ in range(2 * SINGLES)]
    windows.sort(key=lambda window: len(window.mel))
    half = windows[:SINGLES] if layout.random() < 0.5 else windows[SINGLES:]
    longest = max(len(window.mel) for window in half) // 2 + 1
    at = 0 if random.random() < 0.5 else random.randint(0, max(ENCODER_FRAMES - longest, 0))
    manners = [Manner(random.random() < 0.6, False, at, done <= TALK_ONLY) for _ in half]
    return collate(half, manners, material, random)


def _several(material: Material, layout: Random, random: Random, done: float) -> Batch:
    """A few sentences, half of the time later on the position table: timestamps of all times."""
    seconds = layout.uniform(4, 14)
    frames = round(seconds * 100)
    windows = [
        speech_window(material, random, seconds * random.uniform(0.7, 1), _density(random), frames)
        if random.random() > 0.04
        else empty_window(material, random, frames)
        for _ in range(SEVERAL)
    ]
    at = 0 if random.random() < 0.5 else random.randint(0, ENCODER_FRAMES - frames // 2 - 1)
    manners = [replace(_manner(random, done), position=at) for _ in windows]
    return collate(windows, manners, material, random)


def _full(material: Material, random: Random, done: float) -> Batch:
    """Windows as `whisper.transcribe` makes them: 30 s, the recording often shorter."""
    windows: list[Window] = []
    for _ in range(FULL):
        if random.random() < 0.12:
            windows.append(empty_window(material, random, FRAMES))
        else:
            content = 30.0 if random.random() < 0.4 else random.uniform(0.7, random.choice((9, 30)))
            windows.append(speech_window(material, random, content, _density(random), FRAMES))
    return collate(windows, [_manner(random, done) for _ in windows], material, random)


def _density(random: Random) -> float:
    return random.choice((1.0, 0.9, 0.7, 0.5, 0.3))


def _manner(random: Random, done: float) -> Manner:
    prompt = done > 0.3 and random.random() < 0.25
    return Manner(random.random() < 0.65, prompt, 0, done <= TALK_ONLY)


def _piece(kind: str, seed: int) -> np.ndarray:
    return log_mel(noises.noise(kind, seed, NOISE_S))


def _babble(material: Material, random: Random) -> np.ndarray:
    """Many voices at once, as an open-plan office sounds: their powers added up."""
    power = np.full((round(NOISE_S * 100), 80), 1e-8, np.float32)
    for _ in range(random.randint(80, 160)):
        shard, utterance = material.utterance(random)
        mel = shard.log_mel(utterance)
        onset = random.randint(0, len(power) - len(mel) - 1) if len(mel) < len(power) else 0
        piece = 10 ** mel[: len(power)].astype(np.float32)
        power[onset : onset + len(piece)] += piece / 4
    return np.log10(power).astype(np.float16)
