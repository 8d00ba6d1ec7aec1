"""A store's calls as tables: the judge runs once over each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from pipeline.rubric import Lexicon, Rubric
from pipeline.store.database import Database
from pipeline.tune.reading import read_store
from pipeline.tune.table import Reader, Setting, Table, tables

Cells = Mapping[str, Sequence[Setting]]


@dataclass(frozen=True, slots=True)
class Calls:
    """A store's calls in its order, and what the judge makes of them.

    Attributes:
        groups: what is known of each call besides its sound, and what line it came over.
        other_language: calls in another language than the rubric's; they are left out.
        faults: calls whose facts cannot be read, and why.
    """

    call_ids: tuple[str, ...]
    agents: tuple[str | None, ...]
    groups: tuple[Mapping[str, str], ...]
    tables: Mapping[str, Table]
    other_language: int = 0
    faults: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.call_ids)


def read_calls(
    database: Database, rubric: Rubric, lexicon: Lexicon, cells: Cells, workers: int = 1
) -> Calls:
    """Every measured call of a store under every setting.

    Args:
        database: the store.
        rubric: the one in force.
        lexicon: its phrase lists.
        cells: criterion -> settings to look at (`table.cells_of`); the first is the rubric's own.
        workers: processes.

    Raises:
        StoreError: the store cannot be read.
    """
    plain = {key: [dict(cell) for cell in each] for key, each in cells.items()}
    make = partial(Reader, rubric, lexicon, plain)
    found = read_store(database, rubric.language, make, workers)
    return Calls(
        call_ids=found.call_ids,
        agents=found.agents,
        groups=found.groups,
        tables=tables(rubric, cells, found.answers),
        other_language=found.other_language,
        faults=found.faults,
    )
