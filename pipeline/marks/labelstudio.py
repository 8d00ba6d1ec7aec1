"""Label Studio: tasks with their labelling interface out, annotated tasks in.

The task format is Label Studio's own (https://labelstud.io/guide/task_format): a task has ``data``
and ``annotations``, an annotation one ``result`` per control. Controls are named after criteria.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final
from xml.etree import ElementTree

import msgspec

from pipeline.errors import printable
from pipeline.report.phrasing import OUTCOMES
from pipeline.store.marks import VERDICTS, Scale

OVERALL: Final = "overall"
"""The control that marks the whole call."""
SPANS: Final = "spans"
"""The control whose regions say where a criterion was heard, labelled with its id."""
NOTE: Final = "note"
_MARKS: Final = {"choices": "choices", "rating": "rating", "number": "number"}
"""Result type -> the key of its value."""

Cells = dict[str, Any]


# ── In ───────────────────────────────────────────────────────────────────────────────────────────


def rows(tasks: Iterable[Any]) -> Iterator[tuple[str, Cells | str]]:
    """Where in the file, and the cells of each mark there; or why there are none.

    An annotation that was cancelled says nothing.
    """
    for number, task in enumerate(tasks, start=1):
        if not isinstance(task, dict) or not isinstance(task.get("data"), dict):
            yield f"task {number}", "no task with data"
            continue
        where = f"task {printable(str(task.get('id', number)))[:40]}"
        annotations = task.get("annotations")
        if not isinstance(annotations, list):
            yield where, "no list of annotations (export as JSON, not as JSON-MIN)"
            continue
        for order, annotation in enumerate(annotations, start=1):
            yield from _annotation(where, order, task["data"], annotation)


def _annotation(
    where: str, order: int, data: Mapping[str, Any], annotation: Any
) -> Iterator[tuple[str, Cells | str]]:
    if not isinstance(annotation, dict) or not isinstance(annotation.get("result"), list):
        yield f"{where}, annotation {order}", "no list of results"
        return
    if annotation.get("was_cancelled"):
        return
    where = f"{where}, annotation {printable(str(annotation.get('id', order)))[:40]}"
    results = [each for each in annotation["result"] if isinstance(each, dict)]
    if len(results) != len(annotation["result"]):
        yield where, "a result that is no object"
        return
    shared = {
        "call_id": data.get("call_id"),
        "rater": _rater(annotation.get("completed_by")),
        "marked_at": annotation.get("updated_at") or annotation.get("created_at"),
    }
    yield from _results(where, shared, data, results)


def _results(
    where: str, shared: Cells, data: Mapping[str, Any], results: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[str, Cells | str]]:
    spans, note = _spans(results), _note(results)
    scales = data.get("scales")
    for result in results:
        control, kind = str(result.get("from_name", "")), str(result.get("type", ""))
        if control in (SPANS, NOTE):
            continue
        here = f"{where}, {printable(control)[:60] or 'a result without from_name'}"
        value = _value(kind, result.get("value"))
        if value is None:
            yield here, f"a result of type {printable(kind)[:40]!r} that is no single mark"
            continue
        cells = {**shared, "value": value, "criterion": None if control == OVERALL else control}
        if kind != "choices" and isinstance(scales, dict):
            cells["scale"] = scales.get(control)
        if control == OVERALL:
            cells["note"] = note
        yield here, cells | spans.get(control, {})


def _value(kind: str, value: Any) -> Any:
    if kind not in _MARKS or not isinstance(value, dict):
        return None
    found = value.get(_MARKS[kind])
    if kind == "choices":
        return found[0] if isinstance(found, list) and len(found) == 1 else None
    return found


def _spans(results: Iterable[Mapping[str, Any]]) -> dict[str, Cells]:
    """The first region of each criterion."""
    found: dict[str, Cells] = {}
    for result in results:
        value = result.get("value")
        if result.get("from_name") != SPANS or not isinstance(value, dict):
            continue
        labels = value.get("labels")
        for label in labels if isinstance(labels, list) else ():
            span = {"start_s": value.get("start"), "end_s": value.get("end")}
            found.setdefault(str(label), span)
    return found


def _note(results: Iterable[Mapping[str, Any]]) -> str | None:
    for result in results:
        value = result.get("value")
        if result.get("from_name") == NOTE and isinstance(value, dict):
            text = value.get("text")
            return "\n".join(map(str, text)) if isinstance(text, list) else str(text or "") or None
    return None


def _rater(completed_by: Any) -> str | None:
    """An e-mail address where the export has one, else the user's number."""
    if isinstance(completed_by, dict):
        completed_by = completed_by.get("email") or completed_by.get("id")
    return None if completed_by is None else str(completed_by)


# ── Out ──────────────────────────────────────────────────────────────────────────────────────────


def tasks(calls: Iterable[tuple[str, str]], scale: Scale | None) -> bytes:
    """Tasks to import: (call, where its sound is), with the scale of the overall mark."""
    scales = {} if scale is None else {OVERALL: scale.name}
    listed = [
        {"data": {"call_id": call_id, "audio": audio, "scales": scales}} for call_id, audio in calls
    ]
    return msgspec.json.format(msgspec.json.encode(listed), indent=1) + b"\n"


def interface(criteria: Mapping[str, str], scale: Scale | None, ui: str) -> bytes:
    """The labelling interface (XML) for these criteria, id -> name."""
    view = ElementTree.Element("View")
    ElementTree.SubElement(view, "Header", value="$call_id")
    ElementTree.SubElement(view, "Audio", name="audio", value="$audio")
    if scale is not None:
        header = {"zh": f"整通评分（{scale.name}）", "en": f"The whole call ({scale.name})"}[ui]
        ElementTree.SubElement(view, "Header", value=header)
        number = {"name": OVERALL, "min": f"{scale.low:g}", "max": f"{scale.high:g}"}
        step = {} if scale.step is None else {"step": f"{scale.step:g}"}
        ElementTree.SubElement(view, "Number", {**number, **step}, toName="audio")
    labels = ElementTree.SubElement(view, "Labels", name=SPANS, toName="audio")
    for criterion, name in criteria.items():
        ElementTree.SubElement(labels, "Label", value=criterion, hint=name)
        ElementTree.SubElement(view, "Header", value=f"{name} ({criterion})", size="5")
        _choices(view, criterion, ui)
    ElementTree.SubElement(view, "TextArea", name=NOTE, toName="audio", maxSubmissions="1")
    ElementTree.indent(view)
    xml: bytes = ElementTree.tostring(view, encoding="utf-8")
    return xml + b"\n"


def _choices(view: ElementTree.Element, criterion: str, ui: str) -> None:
    control = {"name": criterion, "toName": "audio", "choice": "single-radio", "showInline": "true"}
    choices = ElementTree.SubElement(view, "Choices", control)
    for verdict in VERDICTS:
        # The alias is what an export says, whatever language the interface speaks.
        ElementTree.SubElement(choices, "Choice", value=OUTCOMES[verdict].of(ui), alias=verdict)
