"""Figures side by side: ours, the references', and what is to be reached."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

OURS: Final = "qinhe"
NOTHING: Final = "–"


@dataclass(frozen=True, slots=True)
class Target:
    """A figure to reach.

    Attributes:
        limit: in the row's unit.
        at_least: whether larger is better; errors are to stay at or below the limit.
    """

    limit: float
    at_least: bool = False

    def reached(self, value: float) -> bool:
        """Whether ``value``, as printed, is good enough; NaN is not."""
        if self.at_least:
            return value >= self.limit
        return value <= self.limit

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {shown(self.limit)}"


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of one system.

    Attributes:
        stage: the stage of `measure` or `judge` it speaks of.
        what: the quantity, with its name in the literature.
        condition: on what it was measured.
        system: `OURS` or a reference's name.
        value: ``None`` where this system does not give it.
        unit: of the value and of the target.
        target: what we want to reach; the same for every system of the row.
    """

    stage: str
    what: str
    condition: str
    system: str
    value: float | None
    unit: str = ""
    target: Target | None = None


def error_row(
    stage: str, what: str, condition: str, system: str, value: float, unit: str, limit: float | None
) -> Row:
    """A figure that is to stay at or below a limit, where it has one."""
    return Row(stage, what, condition, system, value, unit, Target(limit) if limit else None)


def shown(value: float | None) -> str:
    """Three significant digits, and never an exponent."""
    if value is None or value != value:
        return NOTHING
    if abs(value) >= 100:
        return f"{value:.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}"
    if abs(value) >= 1:
        return f"{value:.2f}"
    return f"{value:.3f}"


def verdict(value: float | None, target: Target | None) -> str:
    """``reached``, or by how much not; empty where nothing is to be reached."""
    if target is None:
        return ""
    if value is None or value != value:
        return "not measured"
    if target.reached(float(shown(value))):
        return "reached"
    return f"off by {shown(abs(value - target.limit))}"


def markdown(rows: Iterable[Row]) -> str:
    """One table: a line per quantity and condition, a column per system, ours first."""
    rows = list(rows)
    systems = _systems(rows)
    reaching = any(row.target for row in rows)
    head = ["what", "on", *systems, *(("to reach", "") if reaching else ())]
    lines = [head, *(_cells(part, systems, reaching) for part in _lines(rows))]
    widths = [max(3, *map(len, column)) for column in zip(*lines, strict=True)]
    rule = ["-" * width for width in widths]
    return "\n".join(_joined(cells, widths) for cells in (head, rule, *lines[1:]))


def _systems(rows: Sequence[Row]) -> list[str]:
    named = dict.fromkeys(row.system for row in rows)
    return sorted(named, key=lambda name: name != OURS)


def _lines(rows: Sequence[Row]) -> list[list[Row]]:
    """Rows of one quantity, unit and condition together, in the order in which they came."""
    order = {
        key: number
        for number, key in enumerate(dict.fromkeys((r.what, r.unit, r.condition) for r in rows))
    }
    ordered = sorted(rows, key=lambda r: order[r.what, r.unit, r.condition])
    return [list(part) for _, part in groupby(ordered, key=lambda r: (r.what, r.unit, r.condition))]


def _cells(line: Sequence[Row], systems: Sequence[str], reaching: bool) -> list[str]:
    by_system = {row.system: row.value for row in line}
    first = line[0]
    target = next((row.target for row in line if row.target), None)
    what = f"{first.what}, {first.unit}" if first.unit else first.what
    cells = [what, first.condition, *(shown(by_system.get(name)) for name in systems)]
    if reaching:
        cells += [str(target) if target else "", verdict(by_system.get(OURS), target)]
    return cells


def _joined(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"


def tell(rows: Callable[[Path], Sequence[Row]], about: str | None) -> None:
    """A script's `main`: print the table of the recordings that were named."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    print(markdown(rows(parser.parse_args().data)))
