"""Synthesised utterances on disk: log-mel frames in float16 shards, with every character's time.

A shard is three files: `<name>.f16` holds frames x 80 values, log10 of the mel power at 10 ms a
frame, not yet normalised (windows.py adds powers and normalises as Whisper does); `<name>.f0` the
F0 of those frames in Hz, NaN where unvoiced; `<name>.json` lists the utterances. Shards are made
in a process pool and can be added while training runs.
"""

import argparse
import functools
import json
import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

import numpy as np
import numpy.typing as npt
import soxr
import torch
from whisper.audio import HOP_LENGTH, N_FFT, SAMPLE_RATE, mel_filters

from scripts.synthesis import channel, clean_pitch, text
from scripts.synthesis.line import RATE_HZ as TRACK_RATE_HZ
from scripts.synthesis.voice import Samples, Speech, SpeechError, Voice, speak

Frames = npt.NDArray[np.float16]

UTTERANCES_A_SHARD = 1000
LEVEL_DB = -23.0  # every stored utterance has this level; windows.py changes it

# Variants that training never hears, kept for evaluation: seven men, six women, two odd ones.
# fmt: off
HELD_OUT = (
    "Andrea", "Mike", "edward2", "f5", "m8", "linda", "steph2", "iven3", "michel", "travis",
    "norbert", "grandma", "anika", "klatt3", "pedro",
)
# The variants rob and Annie make espeak-ng 1.51 crash on wide pitch ranges and are left out.
# The plain families that most people use get half of all utterances.
FAMILIAR = (
    "f1", "f2", "f3", "f4", "m1", "m2", "m3", "m4", "m5", "m6", "m7",
    "klatt", "klatt2", "klatt4", "klatt5", "klatt6",
)
OTHER = (
    "Alex", "Alicia", "Andy", "AnxiousAndy", "Denis", "Diogo", "Gene", "Gene2",
    "Henrique", "Hugo", "Jacky", "Lee", "Marco", "Mario", "Michael", "Nguyen", "RicishayMax",
    "RicishayMax2", "Storm", "Tweaky", "adam", "antonio", "aunty", "belinda", "benjamin", "boris",
    "caleb", "croak", "david", "ed", "edward", "grandpa", "gustave", "iven", "iven2", "iven4",
    "john", "kaukovalta", "marcelo", "max", "miguel", "pablo", "paul", "quincy", "robert",
    "sandro", "shelby", "steph", "steph3", "victor", "zac",
)
# fmt: on


@dataclass(frozen=True, slots=True)
class Utterance:
    """One spoken sentence: its characters and their times in seconds, and its place in a shard."""

    text: str
    starts: tuple[float, ...]
    ends: tuple[float, ...]
    offset: int
    frames: int


@dataclass(frozen=True, slots=True)
class Shard:
    """Utterances and the frames that they lie in (a memory map)."""

    utterances: tuple[Utterance, ...]
    frames: npt.NDArray[np.float16]
    f0: npt.NDArray[np.float16]

    def f0_hz(self, utterance: Utterance) -> Frames:
        """F0 of the utterance's frames, NaN where unvoiced."""
        return self.f0[utterance.offset : utterance.offset + utterance.frames]

    def log_mel(self, utterance: Utterance) -> Frames:
        """Frames x 80, log10 power."""
        return self.frames[utterance.offset : utterance.offset + utterance.frames]

    def without(self, excluded: frozenset[str]) -> "Shard":
        """The shard less the utterances of these texts."""
        kept = tuple(entry for entry in self.utterances if entry.text not in excluded)
        return Shard(kept, self.frames, self.f0)


def random_voice(random: Random, variants: tuple[str, ...] | None = None) -> Voice:
    """A voice over the whole range that calls may have."""
    if variants is None:
        variants = FAMILIAR if random.random() < 0.5 else OTHER
    return Voice(
        variant=random.choice(variants),
        rate_wpm=round(random.triangular(120, 330, 205)),
        pitch=random.randint(8, 92),
        # Below, Mandarin's tones can no longer be told apart.
        pitch_range=random.choice((30, 40, 50, 50, 60, 75, 90)),
        volume=100,
    )


def log_mel(samples: Samples) -> Frames:
    """Whisper's log10 mel power (80 bands, 10 ms, 16 kHz) before its normalisation."""
    window = torch.hann_window(N_FFT)
    stft = torch.stft(
        torch.from_numpy(samples), N_FFT, HOP_LENGTH, window=window, return_complex=True
    )
    mel = mel_filters(torch.device("cpu"), 80) @ (stft[..., :-1].abs() ** 2)
    logarithm: Frames = mel.clamp(min=1e-10).log10().T.numpy().astype(np.float16)
    return logarithm


def pitch(speech: Speech, factor: float, frames: int) -> Frames:
    """F0 in Hz of every log-mel frame, NaN where unvoiced; `factor` has stretched the times."""
    clean = soxr.resample(speech.samples, speech.rate / factor, TRACK_RATE_HZ)
    found = clean_pitch.track(clean.astype(np.float64))[:frames]
    padded = np.pad(found, (0, frames - len(found)), constant_values=np.nan)
    kept: Frames = padded.astype(np.float16)
    return kept


def over_a_line(speech: Speech, random: Random) -> tuple[Samples, float]:
    """The speech at 16 kHz as some line would carry it, and the factor on its times."""
    # Resampling by a few percent moves formants and pitch together: one more speaker.
    stretch = random.choice((1.0, random.uniform(0.88, 1.13)))
    samples = soxr.resample(speech.samples, speech.rate / stretch, SAMPLE_RATE)
    if random.random() < 0.08:
        samples = channel.overload(samples, random.uniform(0, 20))
    if random.random() < 0.12:
        samples = channel.echo(
            samples, SAMPLE_RATE, random.uniform(0.01, 0.12), random.uniform(10, 25)
        )
    if random.random() < 0.5:
        samples = channel.telephone(samples, SAMPLE_RATE, random.uniform(-45, -12))
    return channel.at_level(samples, LEVEL_DB), stretch


def make_shard(path: Path, seed: int, kind: str, count: int = UTTERANCES_A_SHARD) -> None:
    """Synthesise `count` sentences of a kind (see `_KINDS`) into a shard."""
    random = Random(f"{kind} {seed}")
    blocks: list[Frames] = []
    pitches: list[Frames] = []
    entries: list[Utterance] = []
    offset = 0
    sentence = _KINDS[kind]
    while len(entries) < count:
        written = sentence(random)
        voice = random_voice(random)
        if not 1 <= len(text.letters(written)) <= 45:
            continue
        try:
            speech = speak(written, voice)
        except SpeechError:
            continue  # espeak-ng swallowed a syllable: the times would lie
        samples, factor = over_a_line(speech, random)
        frames = log_mel(samples)
        starts = tuple(round(word.start * factor, 3) for word in speech.words)
        ends = tuple(round(word.end * factor, 3) for word in speech.words)
        entries.append(Utterance(text.letters(written), starts, ends, offset, len(frames)))
        blocks.append(frames)
        pitches.append(pitch(speech, factor, len(frames)))
        offset += len(frames)
    np.concatenate(blocks).tofile(path.with_suffix(".f16"))
    np.concatenate(pitches).tofile(path.with_suffix(".f0"))
    # The list is written last and moved into place: a shard exists once it is whole.
    draft = path.with_suffix(".part")
    draft.write_text(json.dumps([asdict(entry) for entry in entries], ensure_ascii=False))
    draft.rename(path.with_suffix(".json"))


def load_shard(path: Path) -> Shard:
    """Open the shard whose list is at `path`."""
    entries = json.loads(path.read_text())
    utterances = tuple(
        Utterance(
            entry["text"],
            tuple(entry["starts"]),
            tuple(entry["ends"]),
            entry["offset"],
            entry["frames"],
        )
        for entry in entries
    )
    frames = np.memmap(path.with_suffix(".f16"), np.float16, mode="r").reshape(-1, 80)
    return Shard(utterances, frames, np.memmap(path.with_suffix(".f0"), np.float16, mode="r"))


def plan(shards: int) -> Iterator[tuple[str, int, str]]:
    """(name, seed, kind) of every shard; half of them are written dialogues."""
    order = (
        *("characters", "talk", "shuffled", "talk", "call"),
        *("talk", "shuffled", "talk", "everyday", "talk"),
    )
    for number in range(shards):
        kind = order[number % len(order)]
        yield f"{number:04d}-{kind}", number, kind


def make(folder: Path, shards: int, processes: int) -> None:
    """Make all shards that are not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = [
        (folder / name, seed, kind)
        for name, seed, kind in plan(shards)
        if not (folder / f"{name}.json").exists()
    ]
    # An executor, not a pool: a pool would wait for ever for a worker that espeak-ng took down.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, _one_thread) as workers:
        for done, _ in enumerate(workers.map(_make, missing), start=1):
            print(f"corpus: {done} of {len(missing)} shards", flush=True)


def _one_thread() -> None:
    torch.set_num_threads(1)


def _make(job: tuple[Path, int, str]) -> None:
    make_shard(*job)


_KINDS: dict[str, Callable[[Random], str]] = {
    "characters": text.shuffled_characters,
    "shuffled": text.shuffled_words,
    "talk": text.talk_sentence,
    "call": text.call_sentence,
    "everyday": text.everyday_sentence,
}


@functools.cache
def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--shards", type=int, default=50)
    parser.add_argument("--processes", type=int, default=2)
    return parser


if __name__ == "__main__":
    arguments = _parser().parse_args()
    make(arguments.folder, arguments.shards, arguments.processes)
