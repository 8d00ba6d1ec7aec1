from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.batch.figures import Judged, night_figures
from pipeline.cli import main
from pipeline.report.night import render
from pipeline.scorecard import Points
from pipeline.store.calls import Details
from pipeline.store.database import open_database
from tests.unit.report import examples
from tests.unit.store.examples import store

TODAY = date(2026, 11, 21)


def call(number: int, *, on: date = TODAY, won: float = 8.0, failed: bool = False,
         agent: str | None = "李", team: str | None = "A") -> Judged:  # fmt: skip
    card = msgspec.structs.replace(
        examples.scorecard(),
        call_id=f"call-{number}",
        points=Points(won=won, possible=10.0),
        mark=0.0 if failed else 10 * won,
        failed=failed,
    )
    return Judged(call_id=f"call-{number}", on=on, agent=agent, team=team, duration_s=300.0,
                  card=card)  # fmt: skip


def test_a_night_adds_up() -> None:
    calls = [
        call(1), call(2, won=4.0), call(3, failed=True), call(4, agent="王", team="B"),
        call(5, on=TODAY - timedelta(days=1), won=2.0), call(6, on=date(2020, 1, 1)),
    ]  # fmt: skip
    figures = night_figures(calls, None, 7)
    assert (figures.on, figures.calls, figures.failed) == (TODAY, 4, 1)
    assert sum(figures.marks) == 4
    assert figures.audio_h == pytest.approx(4 * 300 / 3600)
    assert [worst.call_id for worst in figures.worst] == ["call-3", "call-2", "call-1", "call-4"]
    li = next(group for group in figures.agents if group.name == "李")
    assert (li.calls, li.failed, li.team) == (3, 1, "A")
    assert li.percent == pytest.approx(100 * 20 / 30)  # of sums, not a mean of marks
    assert li.trend == (None, None, None, None, None, 20.0, pytest.approx(100 * 20 / 30))
    assert [team.name for team in figures.teams] == ["A", "B"]
    assert [day.calls for day in figures.days] == [0, 0, 0, 0, 0, 1, 4]
    handling = figures.kpis[0]
    assert (handling.standard, handling.value, handling.met) == ("K01", "5:00", True)
    assert [kpi.standard for kpi in figures.kpis] == ["K01", "K02", "K03", "K04"]
    spoilt = figures.kpis[3]
    assert (spoilt.value, spoilt.met) == ("25 %", False)


def test_criteria_are_ranked_by_how_often_they_are_missed() -> None:
    missed = night_figures([call(1), call(2)], TODAY, 1).missed
    findings = examples.scorecard().findings
    assert {each.standard for each in missed} == {
        finding.standard for finding in findings if finding.outcome == "missed"
    }
    assert [each.share for each in missed] == sorted((e.share for e in missed), reverse=True)


@given(st.lists(st.floats(0, 10), max_size=20))
def test_no_call_is_lost_from_the_distribution(won: list[float]) -> None:
    calls = [call(number, won=each) for number, each in enumerate(won)]
    assert sum(night_figures(calls, TODAY, 2).marks) == len(calls)


@pytest.mark.parametrize("ui", ["zh", "en"])
def test_an_empty_night_is_a_page_too(ui: str) -> None:
    assert "</html>" in render(night_figures([], TODAY, 30), ui)


def test_hostile_names_do_no_harm() -> None:
    hostile = "<script>alert(1)</script>"
    page = render(night_figures([call(1, agent=hostile, team=hostile)], TODAY, 2))
    assert hostile not in page
    assert "&lt;script&gt;" in page


def test_the_page_needs_nothing_else() -> None:
    page = render(night_figures([call(1)], TODAY, 2))
    assert "http" not in page.replace("http-equiv", "")
    assert "src=" not in page.replace("-src", "")


def test_the_command_writes_the_page_of_the_last_day(tmp_path: Path) -> None:
    address, out = str(tmp_path / "n.db"), tmp_path / "night.html"
    with open_database(address) as database:
        for number, day in enumerate((19, 20, 21)):
            started = datetime(2026, 11, day, 12, tzinfo=UTC)
            store(database, f"{number}" * 64, f"call-{number}", Details(started_at=started))
    assert main(["report", "--night", "--db", address, "--out", str(out)]) == 0
    page = out.read_text("utf-8")
    assert "2026-11-21" in page
    assert "call-2" in page
    assert "call-1" not in page
    arguments = ["report", "--night", "--db", address, "--out", str(out), "--date", "2026-11-20"]
    assert main(arguments) == 0
    assert "call-1" in out.read_text("utf-8")
    assert main(["report", "--night", "--db", address, "--date", "yesterday"]) == 2
