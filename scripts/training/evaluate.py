"""Measure a checkpoint through plain `whisper.transcribe`, on voices and sentences held out.

python -m scripts.training.evaluate [CHECKPOINT] [--sentences N] [--only PART ...]
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import soxr
import torch
import whisper

from scripts.synthesis import channel
from scripts.synthesis.text import letters, shuffled_words
from scripts.synthesis.voice import Samples, SpokenWord, Voice, speak
from scripts.training import corpus, noises
from scripts.training.sentences import BLIND_SENTENCES, FRESH_SENTENCES, HELD_OUT_SENTENCES
from scripts.training.tokens import STEP_S, whisper_tokenizer

RATE = 16000
CONDITIONS = (
    "clean",
    "telephone",
    "noise 20 dB",
    "telephone, noise 20 dB",
    "telephone, babble 15 dB",
)
SHUFFLED = "shuffled words, telephone"
UNSEEN = {
    "fresh sentences, telephone": (FRESH_SENTENCES, "telephone"),
    "blind sentences, clean": (BLIND_SENTENCES, "clean"),
    "blind sentences, telephone": (BLIND_SENTENCES, "telephone"),
}
EMPTY = ("silence", *noises.KINDS)


@dataclass(slots=True)
class Score:
    """Counts that add up: edits over characters, and absolute time errors in seconds."""

    edits: int = 0
    characters: int = 0
    segment_starts: list[float] = field(default_factory=list)
    segment_ends: list[float] = field(default_factory=list)
    word_starts: list[float] = field(default_factory=list)
    word_ends: list[float] = field(default_factory=list)

    @property
    def cer(self) -> float | None:
        """Character error rate."""
        return self.edits / self.characters if self.characters else None


@dataclass(frozen=True, slots=True)
class Recording:
    """Samples at 16 kHz and the truth: one tuple of words for every utterance."""

    samples: Samples
    utterances: tuple[tuple[SpokenWord, ...], ...]

    @property
    def text(self) -> str:
        """All characters in order."""
        return "".join(word.text for words in self.utterances for word in words)


def record(sentences: Sequence[str], voice: Voice, condition: str, random: Random) -> Recording:
    """Speak sentences one after the other with pauses of 0.5 to 2.5 s, over a line."""
    pieces: list[Samples] = []
    utterances: list[tuple[SpokenWord, ...]] = []
    offset = round(random.uniform(0.1, 0.9) * RATE)
    pieces.append(np.zeros(offset, np.float32))
    for sentence in sentences:
        speech = speak(sentence, voice)
        samples = soxr.resample(speech.samples, speech.rate, RATE).astype(np.float32)
        begin = offset / RATE
        utterances.append(
            tuple(SpokenWord(w.text, w.start + begin, w.end + begin) for w in speech.words)
        )
        pause = np.zeros(round(random.uniform(0.5, 2.5) * RATE), np.float32)
        pieces += [samples, pause]
        offset += len(samples) + len(pause)
    signal = channel.at_level(np.concatenate(pieces), -23)
    return Recording(over_a_line(signal, condition, random), tuple(utterances))


def over_a_line(signal: Samples, condition: str, random: Random) -> Samples:
    """The condition's line; signal-to-noise ratios are against the loud half of the signal."""
    level = random.uniform(-35, -15)
    seed = random.randrange(10**6)
    if "noise" in condition:
        noise = noises.noise("coloured", seed, len(signal) / RATE + 1)[: len(signal)]
        signal = signal + noise * np.float32(10 ** (-(23 + 20) / 20) / 0.05)
    if "babble" in condition:
        signal = signal + _babble(random, len(signal)) * np.float32(10 ** (-(23 + 15) / 20) / 0.05)
    if "telephone" in condition:
        return channel.telephone(signal, RATE, level)
    return channel.at_level(signal, level)


def measure(model: whisper.Whisper, recording: Recording, score: Score, words: bool) -> None:
    """Transcribe one recording and add up its errors."""
    result = transcribe(model, recording.samples, words)
    heard = letters(result["text"])
    score.edits += edit_distance(recording.text, heard)
    score.characters += len(recording.text)
    segments = result["segments"]
    if not words:
        if len(segments) == len(recording.utterances):
            for segment, spoken in zip(segments, recording.utterances, strict=True):
                score.segment_starts.append(abs(_written_start(segment) - spoken[0].start))
                score.segment_ends.append(abs(segment["end"] - spoken[-1].end))
        return
    timed = [word for segment in segments for word in segment["words"]]
    truth = [word for spoken in recording.utterances for word in spoken]
    if [word["word"] for word in timed] == [word.text for word in truth]:
        for word, true in zip(timed, truth, strict=True):
            score.word_starts.append(abs(word["start"] - true.start))
            score.word_ends.append(abs(word["end"] - true.end))


def _written_start(segment: dict[str, Any]) -> float:
    """The start that the model wrote, in seconds.

    Where a window holds one segment, `whisper.transcribe` says it begins with the window (0.0) and
    leaves the first timestamp out of account.
    """
    first = segment["tokens"][0] - whisper_tokenizer().timestamp_begin
    in_window: float = first * STEP_S
    return segment["seek"] / 100 + in_window if first >= 0 else segment["start"]


def transcribe(model: whisper.Whisper, samples: Samples, words: bool = False) -> dict[str, Any]:
    """The plain call that every figure here goes through."""
    result: dict[str, Any] = whisper.transcribe(
        model, samples, language="zh", temperature=0, fp16=False, word_timestamps=words
    )
    return result


def edit_distance(first: str, second: str) -> int:
    """Levenshtein distance: substitutions, insertions and deletions count one."""
    row = list(range(len(second) + 1))
    for i, left in enumerate(first, start=1):
        previous, row[0] = row[0], i
        for j, right in enumerate(second, start=1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (left != right))
    return row[-1]


def held_out_voice(random: Random) -> Voice:
    """A variant that training never heard, at a usual rate and pitch."""
    return Voice(
        random.choice(corpus.HELD_OUT),
        round(random.uniform(140, 280)),
        random.randint(20, 80),
        random.choice((25, 50, 75)),
    )


def evaluate(
    model: whisper.Whisper, sentences: int, only: Sequence[str], seed: int = 7
) -> dict[str, Any]:
    """The figures of the model card, or those of them that `only` names."""
    report: dict[str, Any] = {}
    for condition in CONDITIONS:
        if condition in only:
            random = Random(f"{seed} {condition}")
            report[condition] = _condition(model, condition, sentences, random)
    if SHUFFLED in only:
        random = Random(seed)
        words = [shuffled_words(random) for _ in range(sentences)]
        report[SHUFFLED] = _singles(model, words, "telephone", random)
    for name, (texts, condition) in UNSEEN.items():
        if name in only:
            report[name] = _singles(model, texts, condition, Random(seed))
    if "empty" in only:
        report["empty"] = {
            f"{kind} {level} dB": _empty(model, kind, level)
            for kind in EMPTY
            for level in ((0, -25) if kind != "silence" else (0,))
        }
    return report


def _condition(
    model: whisper.Whisper, condition: str, sentences: int, random: Random
) -> dict[str, Any]:
    """Single sentences, and recordings of eight (the second and later windows included)."""
    chosen = random.sample(HELD_OUT_SENTENCES, min(sentences, len(HELD_OUT_SENTENCES)))
    single, several = Score(), Score()
    for sentence in chosen:
        recording = record([sentence], held_out_voice(random), condition, random)
        measure(model, recording, single, words=False)
        measure(model, recording, several_words := Score(), words=True)
        single.word_starts += several_words.word_starts
        single.word_ends += several_words.word_ends
    for start in range(0, len(chosen), 8):
        recording = record(chosen[start : start + 8], held_out_voice(random), condition, random)
        measure(model, recording, several, words=False)
        timed = Score()
        measure(model, recording, timed, words=True)
        several.word_starts += timed.word_starts
        several.word_ends += timed.word_ends
    return {"single": summary(single), "eight in a row": summary(several)}


def _singles(
    model: whisper.Whisper, texts: Sequence[str], condition: str, random: Random
) -> dict[str, Any]:
    """Single sentences, each by a held-out voice."""
    score = Score()
    for text in texts:
        recording = record([text], held_out_voice(random), condition, random)
        measure(model, recording, score, words=False)
    return summary(score)


def _empty(model: whisper.Whisper, kind: str, level_db: float) -> str:
    """What is heard in 20 s without speech; it should be nothing."""
    samples = np.zeros(20 * RATE, np.float32)
    if kind != "silence":
        samples = noises.noise(kind, 987654, 20.0) * np.float32(10 ** (level_db / 20))
    return str(transcribe(model, samples)["text"]).strip()


def summary(score: Score) -> dict[str, Any]:
    """Rate, counts, and the median and 95th percentile of the time errors."""
    found: dict[str, Any] = {"cer": score.cer, "characters": score.characters}
    for name in ("segment_starts", "segment_ends", "word_starts", "word_ends"):
        errors = getattr(score, name)
        if errors:
            found[name] = {
                "median": float(np.median(errors)),
                "p95": float(np.percentile(errors, 95)),
                "within_0.3_s": float(np.mean(np.array(errors) <= 0.3)),
                "n": len(errors),
            }
    return found


def _babble(random: Random, count: int) -> Samples:
    """Twelve familiar voices at once, RMS 0.05."""
    total = np.zeros(count, np.float32)
    for _ in range(12):
        at = 0
        while at < count:
            speech = speak(shuffled_words(random), corpus.random_voice(random))
            piece = soxr.resample(speech.samples, speech.rate, RATE)[: count - at]
            total[at : at + len(piece)] += channel.at_level(piece, -23)
            at += len(piece) + 1600
    return (total * (0.05 / np.sqrt(np.mean(total**2)))).astype(np.float32)


def main() -> None:
    """Print the figures as JSON."""
    default = Path(__file__).resolve().parents[2] / "pipeline/models/whisper-demo-zh.pt"
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path, nargs="?", default=default)
    parser.add_argument("--sentences", type=int, default=len(HELD_OUT_SENTENCES))
    choices = (*CONDITIONS, SHUFFLED, *UNSEEN, "empty")
    parser.add_argument("--only", nargs="+", choices=choices, default=choices)
    given = parser.parse_args()
    torch.set_num_threads(1)
    model = whisper.load_model(str(given.checkpoint), device="cpu")
    print(json.dumps(evaluate(model, given.sentences, given.only), ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
