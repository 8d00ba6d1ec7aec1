"""The form that people fill in: a row for each call and criterion, without what we concluded.

A marker who knows the verdict agrees with it, so the form never tells it, nor the call's agent.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from pipeline.errors import UsageError
from pipeline.marks import labelstudio
from pipeline.marks.rows import CELLS
from pipeline.marks.writing import as_csv
from pipeline.report.phrasing import OUTCOMES
from pipeline.report.tables import cell
from pipeline.scorecard import Text
from pipeline.store.marks import VERDICTS, Scale
from pipeline.store.verdicts import JudgedCall, Named

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

_ABOUT: Final = ("call_id", "recording", "criterion", "standard", "name")
COLUMNS: Final = (*_ABOUT, *(name for name in CELLS if name not in _ABOUT))
"""What the form shows; what an import does not know (recording, standard, name) it passes over."""
_WIDTHS: Final = {"call_id": 24, "recording": 40, "name": 28, "note": 40, "marked_at": 20}
_WHOLE_CALL: Final = Text(zh="整通电话", en="the whole call")
_HELP: Final = (
    Text(
        zh="每行一项：在 value 一栏填“达标”“未达标”或“不适用”；听不出就留空。",
        en="One row each: put met, missed or not_applicable under value; leave it empty where "
        "you cannot tell.",
    ),
    Text(
        zh="criterion 为空的行给整通电话打分，分数在 scale 一栏的范围内。",
        en="The row without a criterion marks the whole call with a number on its scale.",
    ),
    Text(
        zh="rater 填评分人；start_s、end_s（秒）指出在哪里听到，可不填；note 为备注。",
        en="rater is who marks; start_s and end_s (seconds) say where it was heard, if anywhere; "
        "note is yours.",
    ),
    Text(
        zh="请独立评分：表中没有系统的结论，填完前也不要互相看。",
        en="Mark by yourself: the form does not tell what the system found, nor should others.",
    ),
)


def files(
    calls: Sequence[JudgedCall],
    criteria: Mapping[str, Named],
    scale: Scale | None,
    rater: str | None,
    ui: str,
) -> dict[str, bytes]:
    """Every form by its file's name.

    Args:
        calls: the calls to mark.
        criteria: what to mark them on.
        scale: of the mark on the whole call; ``None``: it is not asked for.
        rater: who is to fill it in, where that is known.
        ui: "zh" or "en".

    Raises:
        UsageError: openpyxl is not installed.
    """
    rows = list(_rows(calls, criteria, scale, rater, ui))
    names = {criterion: named.name.of(ui) for criterion, named in criteria.items()}
    sounds = [(call.call_id, call.source) for call in calls]
    return {
        "marks.csv": as_csv(rows, COLUMNS),
        "marks.xlsx": workbook(rows, COLUMNS, ui),
        "label-studio-tasks.json": labelstudio.tasks(sounds, scale),
        "label-studio-interface.xml": labelstudio.interface(names, scale, ui),
    }


def _rows(
    calls: Sequence[JudgedCall],
    criteria: Mapping[str, Named],
    scale: Scale | None,
    rater: str | None,
    ui: str,
) -> Iterator[dict[str, Any]]:
    for call in calls:
        about = {"call_id": call.call_id, "recording": call.source, "rater": rater}
        for criterion, named in criteria.items():
            told = {"criterion": criterion, "standard": named.standard, "name": named.name.of(ui)}
            yield {**about, **told}
        if scale is not None:
            yield {**about, "name": _WHOLE_CALL.of(ui), "scale": scale.name}


def workbook(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[str], ui: str | None = None
) -> bytes:
    """Rows as an Excel workbook.

    Args:
        rows: cells by column.
        columns: in their order.
        ui: for a form: the language of its help and of the verdicts it offers.

    Raises:
        UsageError: openpyxl is not installed.
    """
    try:
        from openpyxl import Workbook
    except ModuleNotFoundError:
        raise UsageError("Excel needs the package openpyxl: pip install 'qinhe[tune]'.") from None
    book = Workbook()
    sheet: Worksheet = book.active  # type: ignore[assignment]  # a new book has one worksheet
    sheet.title = "marks"
    sheet.append(list(columns))
    for row in rows:
        sheet.append([cell(row.get(column)) or None for column in columns])
    _laid_out(sheet, columns)
    if ui is not None:
        _offer(sheet, rows, columns, ui)
        help_sheet = book.create_sheet("说明" if ui == "zh" else "help")
        for text in _HELP:
            help_sheet.append([text.of(ui)])
        help_sheet.column_dimensions["A"].width = 110
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _laid_out(sheet: Worksheet, columns: Sequence[str]) -> None:
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    for number, column in enumerate(columns, start=1):
        letter = get_column_letter(number)
        sheet.column_dimensions[letter].width = _WIDTHS.get(column, 14)
        sheet[f"{letter}1"].font = Font(bold=True)
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = sheet.dimensions


def _offer(
    sheet: Worksheet, rows: Sequence[Mapping[str, Any]], columns: Sequence[str], ui: str
) -> None:
    """The cells to fill in take what an import takes: a verdict, or a number on the scale."""
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    letter = get_column_letter(list(columns).index("value") + 1)
    words = ",".join(OUTCOMES[v].of(ui) if ui == "zh" else v for v in VERDICTS)
    verdict = DataValidation(type="list", formula1=f'"{words}"', allow_blank=True)
    sheet.add_data_validation(verdict)
    numbers: dict[str, DataValidation] = {}
    for place, row in enumerate(rows, start=2):
        name = row.get("scale")
        if name is None:
            verdict.add(f"{letter}{place}")
            continue
        if name not in numbers:
            scale = Scale.parse(name)
            numbers[name] = DataValidation(
                type="decimal",
                operator="between",
                formula1=f"{scale.low:g}",
                formula2=f"{scale.high:g}",
                allow_blank=True,
            )
            sheet.add_data_validation(numbers[name])
        numbers[name].add(f"{letter}{place}")
