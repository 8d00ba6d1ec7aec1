"""A document whose sections are made anew one at a time: what was not measured again stays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

_HEADING = "\n## "


def sections_of(text: str) -> dict[str, str]:
    """Heading -> what stands below it; what comes before the first heading is left out."""
    parts = f"\n{text}".split(_HEADING)[1:]
    return {heading: body.strip() for heading, _, body in (part.partition("\n") for part in parts)}


def write(path: Path, intro: str, made: Mapping[str, str], order: Sequence[str]) -> None:
    """Replaces the sections that were made; keeps the others that stand in ``order``."""
    old = sections_of(path.read_text(encoding="utf-8")) if path.is_file() else {}
    sections = {**old, **made}
    body = "".join(f"{_HEADING}{name}\n\n{sections[name]}\n" for name in order if name in sections)
    path.write_text(f"{intro.strip()}\n{body}", encoding="utf-8")
