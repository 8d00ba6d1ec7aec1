"""The tables of validate and benchmark must not flatter, and must say what is absent."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.facts import Provenance
from scripts.benchmarking import material
from scripts.benchmarking.timing import in_turns, machine
from scripts.benchmarking.whole import Stopwatch
from scripts.validation import __main__ as validate
from scripts.validation import document
from scripts.validation.table import OURS, Row, Target, markdown, shown, verdict


def row(
    value: float | None, system: str = OURS, target: Target | None = None, on: str = "calls"
) -> Row:
    return Row("speech", "frame error", on, system, value, "%", target)


@pytest.mark.parametrize(
    ("value", "text"),
    [(233.4, "233"), (14.52, "14.5"), (3.4, "3.40"), (0.0479, "0.048"), (-12.34, "-12.3"),
     (None, "–"), (float("nan"), "–")],
)  # fmt: skip
def test_numbers_have_three_digits(value: float | None, text: str) -> None:
    assert shown(value) == text


@pytest.mark.parametrize(
    ("value", "target", "said"),
    [
        (3.4, Target(3.4), "reached"),
        (3.41, Target(3.4), "off by 0.010"),
        (0.0503, Target(0.05), "reached"),  # printed as 0.050: nobody can see the difference
        (0.0506, Target(0.05), "off by 0.001"),
        (0.81, Target(0.8, at_least=True), "reached"),
        (199.0, Target(200, at_least=True), "off by 1.00"),
        (None, Target(1.0), "not measured"),
        (float("nan"), Target(1.0, at_least=True), "not measured"),
        (5.0, None, ""),
    ],
)
def test_a_figure_is_reached_or_off_by_so_much(
    value: float | None, target: Target | None, said: str
) -> None:
    assert verdict(value, target) == said


def test_systems_stand_side_by_side_ours_first() -> None:
    rows = [row(17.0, "WebRTC"), row(3.5, target=Target(3.4)), row(9.0, "WebRTC", on="noise")]
    lines = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in markdown(rows).split("\n")
    ]
    assert lines[0] == ["what", "on", OURS, "WebRTC", "to reach", ""]
    assert lines[2] == ["frame error, %", "calls", "3.50", "17.0", "≤ 3.40", "off by 0.100"]
    assert lines[3] == ["frame error, %", "noise", "–", "9.00", "", ""]
    assert len(lines) == 4


def test_columns_line_up() -> None:
    assert len({len(line) for line in markdown([row(1.0), row(10.0, "a system")]).split("\n")}) == 1


def test_a_table_without_targets_has_no_columns_for_them() -> None:
    assert "to reach" not in markdown([row(1.0)])


def test_the_tally_counts_our_figures_only_and_names_what_is_short() -> None:
    rows = [
        row(1.0, target=Target(2.0)),
        row(5.0, "WebRTC", Target(2.0)),
        row(3.0, target=Target(2.0), on="noise"),
        row(9.0),
    ]
    assert validate.tally(rows) == (
        "1 of 2 figures reached:\n  speech: frame error, noise: off by 1.00"
    )
    assert validate.tally(rows[:2]) == "1 of 1 figures reached."


def test_a_stage_is_skipped_for_a_reason_that_can_be_mended(tmp_path: Path) -> None:
    missing = tmp_path / "nowhere"
    reason = validate.skipped("pitch", missing)
    assert reason is not None
    assert "nowhere" in reason
    assert "--data" in reason
    assert validate.skipped("tone", missing) is None
    assert validate.skipped("pitch", tmp_path) is None


def test_without_recordings_nothing_is_written_for_that_stage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(validate, "DOC", tmp_path / "validation.md")
    validate.main(["--only", "level", "--data", str(tmp_path / "nowhere")])
    printed = capsys.readouterr().out
    assert "level: skipped" in printed
    assert "0 of 0 figures reached." in printed
    assert not (tmp_path / "validation.md").exists()


def test_missing_references_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        validate,
        "REFERENCES",
        {"numpy": ("numpy", "NumPy"), "no_such_module": ("no-such-module", "Nothing")},
    )
    there, missing = validate.references()
    assert there == f"NumPy {np.__version__}"
    assert missing == "Nothing left out, `no-such-module` is not installed"


@pytest.mark.parametrize("stage", validate.STAGES)
def test_every_stage_has_a_module_that_says_how_it_measures(stage: str) -> None:
    path = Path(validate.__file__).parent / f"{stage}.py"
    assert path.is_file()
    assert path.read_text(encoding="utf-8").startswith('"""')


def test_a_document_keeps_what_was_not_measured_again(tmp_path: Path) -> None:
    path = tmp_path / "figures.md"
    document.write(
        path, "# Figures\n", {"speech": "old\n\n### Detail\n\nmore", "level": "1"}, ORDER
    )
    document.write(path, "# Figures, again", {"pitch": "2", "level": "3"}, ORDER)
    text = path.read_text(encoding="utf-8")
    assert document.sections_of(text) == {
        "pitch": "2",
        "speech": "old\n\n### Detail\n\nmore",
        "level": "3",
    }
    assert list(document.sections_of(text)) == ["pitch", "speech", "level"]
    assert text.startswith("# Figures, again\n\n## pitch\n")


ORDER = ("pitch", "speech", "level")


def test_systems_take_turns_after_a_warm_up() -> None:
    order: list[str] = []
    found = in_turns({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, runs=3)
    assert order == ["a", "b"] + ["a", "b"] * 3
    assert set(found) == {"a", "b"}
    assert all(seconds >= 0 for seconds in found.values())


def test_the_machine_is_named() -> None:
    assert "one thread" in machine()


def test_the_stopwatch_gives_what_was_made_and_adds_up_per_stage() -> None:
    watch = Stopwatch()
    origin = Provenance(stage="pitch", version="1", settings_sha256="0")

    def busy() -> tuple[int, dict[str, np.ndarray]]:
        return sum(range(200_000)), {"track": np.ones(3, np.float32)}

    value, tracks = watch.stage(origin, (), int, busy)
    once = watch.spent_s["pitch"]
    watch.stage(origin, (), int, busy)
    assert value == sum(range(200_000))
    assert list(tracks) == ["track"]
    assert watch.spent_s["pitch"] > once > 0


def test_a_long_call_repeats_the_short_one_to_the_sample(tmp_path: Path) -> None:
    short = np.arange(2 * 5000, dtype=np.int16).reshape(-1, 2)
    soundfile.write(tmp_path / "short.wav", short, material.RATE_HZ, subtype="PCM_16")
    long, rate = soundfile.read(
        material.repeated(tmp_path / "short.wav", tmp_path, 1.5), dtype="int16"
    )
    assert rate == material.RATE_HZ
    np.testing.assert_array_equal(long, np.concatenate([short, short, short])[:12000])


def test_five_minutes_of_sample_calls_come_with_their_words(tmp_path: Path) -> None:
    audio, transcript = material.five_minutes(tmp_path)
    assert soundfile.info(audio).duration == material.FIVE_MINUTES_S
    text = transcript.read_text(encoding="utf-8")
    assert text.count('"text"') > 500
