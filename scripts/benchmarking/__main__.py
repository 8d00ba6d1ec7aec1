"""Times every stage on one core and writes docs/benchmark.md.

A part that is timed again replaces its own section of the document; the others stay.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from scripts.benchmarking import judging, recognition, stages, tuning, whole
from scripts.benchmarking.material import five_minutes, real_calls
from scripts.benchmarking.timing import RUNS, machine
from scripts.validation import document
from scripts.validation.table import Row, markdown

DOC: Final = Path(__file__).resolve().parents[2] / "docs" / "benchmark.md"
PARTS: Final = (
    "measure",
    "pitch",
    "speech",
    "speakers",
    "level",
    "recognition",
    "judge",
    "tune",
    "memory",
)
INTRO: Final = """# How fast it is

Made by `scripts/benchmark`; do not edit. Processor time, one thread: the median of several runs
after one that warms up, and systems that are compared take turns. "x real time" is seconds of sound
per second of processor, whoever's program it is: where it starts threads, they count in full.
"""
SAYS: Final = {
    "measure": "The whole of `measure` without Whisper, from the WAV file to the facts of an 8 kHz "
    "stereo call. Silence is not sent to the models, so a call with more of it is faster.",
    "pitch": "F0 trackers on speech and pauses alike: ours without being told where speech is.",
    "speech": "Detectors of speech. Ours also tells music, tones and leaks from it.",
    "speakers": "Who speaks when in one channel that two parties share, speech activity included.",
    "level": "Meters.",
    "recognition": "Whisper, words with times: windows together beside `whisper.transcribe` with "
    "`word_timestamps=True`, called per channel at temperature 0 in float32, without its retries; "
    "ours retries and takes the precision of its settings. The demonstration model's encoder is "
    "shown 6 s here and 30 s there, so its errors say what each makes of it, not what batching "
    "costs. Of the shapes, theirs is one window decoded and aligned, ours eight together.",
    "judge": "Facts and a rubric to a scorecard with its evidence.",
    "tune": "A whole sweep with `qinhe tune`, by the clock on all cores: every call is asked once "
    "for the number behind each verdict; the rest is arithmetic.",
    "memory": "A process that measures one call and writes its facts and tracks.",
}


def rows_of(part: str, data: Path, folder: Path, runs: int) -> Iterator[Row]:
    """The figures of one part of the report."""
    if part == "tune":
        yield from tuning.rows()
        return
    audio, transcript = five_minutes(folder)
    if part == "measure":
        yield from whole.rows(audio, "five minutes of the sample calls", runs)
        real = real_calls(data, folder)
        if real is not None:
            yield from whole.rows(real, "real calls", runs)
        return
    made: dict[str, Callable[[], Iterator[Row]]] = {
        "pitch": lambda: stages.pitch_rows(stages.channel(audio), runs),
        "speech": lambda: stages.speech_rows(stages.channel(audio), runs),
        "speakers": lambda: stages.speakers_rows(
            stages.mixed(audio), real_calls(data, folder), runs
        ),
        "level": lambda: stages.level_rows(stages.channel(audio), runs),
        "recognition": recognition.rows,
        "judge": lambda: judging.rows(audio, transcript, runs),
        "memory": lambda: whole.memory(audio, folder),
    }
    yield from made[part]()


def main() -> None:
    """Print each part's table when it is there, then put it into the document."""
    parser = argparse.ArgumentParser(prog="scripts/benchmark", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="these parts")
    parser.add_argument("--runs", type=int, default=RUNS, help="runs of which the median counts")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="real recordings")
    parser.add_argument("--no-doc", action="store_true", help="print only")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="qinhe-benchmark-") as folder:
        for part in wanted.only:
            where = machine()
            table = markdown(rows_of(part, wanted.data, Path(folder), wanted.runs))
            text = f"{SAYS[part]}\n\n{table}\n\n{where}"
            print(f"## {part}\n\n{text}\n", flush=True)
            if not wanted.no_doc:
                document.write(DOC, INTRO, {part: text}, PARTS)


if __name__ == "__main__":
    main()
