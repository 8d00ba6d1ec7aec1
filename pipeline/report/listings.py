"""Standards and rubrics as people read them in a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text as Styled

from pipeline.report.phrasing import HOW, PAGE, number
from pipeline.report.vocabulary import SEVERITIES, method
from pipeline.rubric import Criterion, Rubric
from pipeline.rubric.kinds import Events, Measure
from pipeline.standards import Catalogue, Standard

_SHOWN_APART = {"kind", "id", "standard", "pillar", "name", "points", "severity"}


def standards(catalogue: Catalogue, rubric: Rubric, ui: str) -> RenderableType:
    """Every row of the standard: how it is judged by the rubric, or why it cannot be heard."""
    serving: dict[str, list[Criterion]] = {}
    for criterion in rubric.criteria:
        serving.setdefault(criterion.standard, []).append(criterion)
    table = Table.grid(padding=(0, 2))
    for row in catalogue.standards:
        table.add_row(
            Styled(row.id, "bold"),
            row.name.of(ui),
            Styled(HOW[row.how].of(ui), "dim"),
            _judged_by(row, serving.get(row.id, []), ui),
        )
    return table


def _judged_by(row: Standard, criteria: list[Criterion], ui: str) -> Styled:
    if criteria:
        return Styled("\n").join(_method(criterion, ui) for criterion in criteria)
    if row.reason is not None:
        return Styled(row.reason.of(ui), "dim")
    return Styled({"zh": "此评分标准未采用", "en": "not in this rubric"}[ui], "yellow")


def _method(criterion: Criterion, ui: str) -> Styled:
    """How a criterion is judged, with the name under which the rubric has it and its points."""
    line = Styled(f"{_how(criterion, ui)}  ")
    return line.append(f"{criterion.id} {number(criterion.points)}", "dim")


def _how(criterion: Criterion, ui: str) -> str:
    measure: str | None = None
    if isinstance(criterion, Measure):
        measure = criterion.measure
    elif isinstance(criterion, Events):
        measure = criterion.event
    return method(str(criterion.__struct_config__.tag), measure, ui)


def explained(rubric: Rubric, catalogue: Catalogue, ui: str) -> RenderableType:
    """What a rubric asks: every criterion with its limits, points, and the documents' words."""
    head = Styled(f"{rubric.name.of(ui)} — {rubric.id} v{rubric.version}  ", "bold")
    parts: list[RenderableType] = [head.append(rubric.sha256[:12], "dim")]
    for key, pillar in rubric.pillars.items():
        criteria = [c for c in rubric.criteria if c.pillar == key]
        total = number(sum(c.points for c in criteria))
        parts.append(Styled(f"\n{pillar.name.of(ui)}  {total}", "bold"))
        parts.extend(_explained(c, catalogue.get(c.standard), ui) for c in criteria)
    return Group(*parts)


def _explained(criterion: Criterion, row: Standard | None, ui: str) -> Styled:
    text = Styled(f"  {criterion.standard} {criterion.name.of(ui)}  ")
    text.append(number(criterion.points), "green")
    if criterion.severity != "normal":
        text.append(f"  {SEVERITIES[criterion.severity].of(ui)}", "bold red")
    text.append(f"\n      {PAGE['how'].of(ui)}{'：' if ui == 'zh' else ': '}{_how(criterion, ui)}")
    rest = {k: v for k, v in _given(criterion).items() if k not in _SHOWN_APART}
    text.append(
        f"\n      {criterion.id}: " + "  ".join(f"{k}={_short(v)}" for k, v in rest.items())
    )
    if row is not None:
        text.append(f"\n      {'；'.join(row.quotes.values())}", "dim")
    return text


def difference(old: Rubric, new: Rubric) -> Iterator[str]:
    """What changed between two rubrics, one line each: ``-`` gone, ``+`` new, ``~`` other."""
    before, after = _by_id(old), _by_id(new)
    for key in before.keys() - after.keys():
        yield f"- {key}"
    for key in after.keys() - before.keys():
        yield f"+ {key}"
    for key in (key for key in after if key in before):
        for field in sorted(before[key].keys() | after[key].keys()):
            was, now = before[key].get(field), after[key].get(field)
            if was != now:
                yield f"~ {key}.{field}: {_short(was)} -> {_short(now)}"


def _by_id(rubric: Rubric) -> dict[str, dict[str, Any]]:
    """Criteria by id, and the rest of the rubric under its own keys."""
    whole = msgspec.to_builtins(rubric)
    parts = {criterion["id"]: criterion for criterion in whole.pop("criteria")}
    return {**{key: {"": value} for key, value in whole.items()}, **parts}


def _given(criterion: Criterion) -> dict[str, Any]:
    """What a rubric says about a criterion beyond what goes without saying."""
    plain: dict[str, Any] = msgspec.to_builtins(criterion)
    unsaid = {field.name: field.default for field in msgspec.structs.fields(criterion)}
    return {
        key: _without_none(value)
        for key, value in plain.items()
        if value not in (None, {}, []) and getattr(criterion, key, None) != unsaid.get(key, value)
    }


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        said = {key: part for key, part in value.items() if part not in (None, [], ())}
        return {key: _without_none(part) for key, part in said.items()}
    return [_without_none(part) for part in value] if isinstance(value, list | tuple) else value


def _short(value: Any) -> str:
    if isinstance(value, float):
        return number(value)
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
