"""The catalogue of the service standard: 92 rows that four training documents ask of a call.

`configs/standards.yaml` carries it: this project's own names, the documents' quoted words, and for
rows that no single recording can show, the reason. Criteria of a rubric name the row they serve.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Literal

import msgspec

from pipeline.scorecard import Text
from pipeline.settings import CONFIGS
from pipeline.yamlfile import read_typed

How = Literal["voice", "turn", "phrase", "mixed", "kpi", "none"]
AUDIBLE: frozenset[How] = frozenset({"voice", "turn", "phrase", "mixed"})


class Standard(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One row of the standard."""

    id: str
    name: Text
    how: How
    pillar: str | None = None
    quotes: dict[Literal["A", "B", "C", "D"], str]
    """The documents' own words, by document."""
    reason: Text | None = None
    """Why one recording alone cannot show it; only for rows that are not audible."""

    @property
    def audible(self) -> bool:
        """Can be heard in a single recording."""
        return self.how in AUDIBLE


class Catalogue(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Every row, in the documents' order."""

    documents: dict[Literal["A", "B", "C", "D"], Text]
    standards: tuple[Standard, ...]

    def get(self, standard: str) -> Standard | None:
        """The row of that id."""
        return next((row for row in self.standards if row.id == standard), None)

    def ids(self) -> tuple[str, ...]:
        """Every id, in order."""
        return tuple(row.id for row in self.standards)


@functools.cache
def catalogue(path: Path = CONFIGS / "standards.yaml") -> Catalogue:
    """The shipped catalogue.

    Raises:
        ConfigError: the file is missing or does not fit.
    """
    return read_typed(path, Catalogue)
