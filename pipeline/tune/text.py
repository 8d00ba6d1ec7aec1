"""Tuning, sensitivity and fairness in a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text as Styled

from pipeline.rubric import Rubric
from pipeline.tune import enough
from pipeline.tune.fairness import LEAST_CALLS, Compared, Rate
from pipeline.tune.fit import Fit
from pipeline.tune.sensitivity import Sensitivity
from pipeline.tune.tuning import Tuned
from pipeline.tune.wording import DASH, TEXTS, say, shown

_STYLES = {"change": "bold green", "keep": "", "nothing": "yellow"}
_MOST = 30


def verdict(found: Fit, ui: str) -> str:
    """What came out, in words."""
    if found.status in ("change", "keep", "nothing"):
        return say(found.status, ui)
    if found.status == "not-enough" and not found.more:
        return say("few-agents", ui, agents=enough.LEAST_AGENTS)
    return say(found.status, ui, more=found.more)


def names_of(rubric: Rubric, ui: str) -> dict[str, str]:
    """Criterion -> its name."""
    return {each.id: each.name.of(ui) for each in rubric.criteria}


def tuning(tuned: Tuned, rubric: Rubric, ui: str) -> RenderableType:
    """What `qinhe tune` prints."""
    return Group(*_parts(tuned, names_of(rubric, ui), ui))


def _parts(tuned: Tuned, names: dict[str, str], ui: str) -> Iterator[RenderableType]:
    head = Styled(f"{say('title', ui)} — {tuned.rubric} v{tuned.version}  ", "bold")
    yield head.append(f"{say('rule', ui)}: {say(tuned.rule, ui)}", "dim")
    table = Table(box=None, padding=(0, 2, 0, 0))
    for key in ("criterion", "threshold", "now", "proposed", "as_good", "held_out", "before"):
        table.add_column(TEXTS[key].of(ui), justify="left" if key == "criterion" else "right")
    table.add_column(say("fitted", ui), justify="right", style="dim")
    table.add_column(say("verdict", ui))
    for found in tuned.fits:
        _add(table, found, names[found.criterion], ui)
    if tuned.fits:
        yield table
        yield Styled(f"{tuned.fits[0].objective}; {say('interval', ui)}", "dim")
    yield from notes(tuned, ui)


def _add(table: Table, found: Fit, name: str, ui: str) -> None:
    title = Styled(name).append(f" {found.calls}", "dim")
    said = Styled(verdict(found, ui), _STYLES.get(found.status, "yellow"))
    if not found.knobs:
        table.add_row(title, *[DASH] * 7, said)
    for row, knob in enumerate(found.knobs):
        moved = knob.key in found.changes
        table.add_row(
            title if row == 0 else Styled(),
            f"{found.criterion}.{knob.key}",
            f"{knob.present:g}",
            Styled(f"{knob.best:g}", "bold" if moved else "dim"),
            f"{knob.low:g} – {knob.high:g}",
            Styled(shown(found.held_out) if row == 0 else "", "bold"),
            shown(found.now) if row == 0 else "",
            DASH if found.fitted is None or row else f"{found.fitted:.2f}",
            said if row == 0 else Styled(),
        )


def notes(tuned: Tuned, ui: str) -> list[Styled]:
    """What to know before trusting it."""
    told: list[str] = []
    for criterion, problems in tuned.refused.items():
        told += [f"{criterion}: {say('refused', ui)}: {each.found}" for each in problems]
    told += [f"{each.criterion}: {say('refused', ui)}: {each.found}" for each in tuned.noted]
    told += [f"{criterion}: {say('one_rater', ui)}" for criterion in tuned.one_rater]
    for found in tuned.fits:
        told += [f"{found.criterion}: {each}" for each in cautions(found, tuned, ui)]
    if tuned.unmarked:
        told.append(say("unmarked", ui, count=len(tuned.unmarked)))
    flips = Counter(flip.criterion for flip in tuned.flips)
    told += [
        f"{key}: {say('flips', ui)}: {say('flipped', ui, flips=flips[key], judged=judged)}"
        for key, judged in tuned.judged.items()
    ]
    return [Styled(each, "yellow") for each in told]


def cautions(found: Fit, tuned: Tuned, ui: str) -> list[str]:
    """What limits how far a criterion's figures can be trusted."""
    truth = tuned.truths[found.criterion]
    told = [
        say("no_agents", ui) if not found.agents else "",
        say("by_call", ui) if found.agents and found.unit == "call" and found.knobs else "",
        say("ties", ui, ties=truth.ties) if truth.ties else "",
        say("without", ui, count=found.without_verdict) if found.without_verdict else "",
        say("ordered", ui, names=", ".join(found.ordered)) if found.ordered else "",
    ]
    return [each for each in told if each]


# ── Sensitivity ──────────────────────────────────────────────────────────────────────────────────


def sensitivity(found: Sensitivity, rubric: Rubric, ui: str) -> RenderableType:
    """What `qinhe sensitivity` prints."""
    names = names_of(rubric, ui)
    table = _titled("sensitivity", ui)
    for key in ("criterion", "threshold", "now"):
        table.add_column(TEXTS[key].of(ui))
    for side in ("-10 %", "+10 %"):
        table.add_column(side, justify="right")
    for swing in found.swings[:_MOST]:
        table.add_row(
            names[swing.criterion],
            f"{swing.criterion}.{swing.key}",
            f"{swing.present:g}",
            *(
                f"{number:g}{' (±1)' if swing.whole else ''}: {flips}/{swing.judged}"
                for number, flips in (
                    (swing.below, swing.flips_below),
                    (swing.above, swing.flips_above),
                )
            ),
        )
    silent = [
        f"{names[each.criterion]} ({each.criterion}): {say(each.why, ui)}"
        f" ({each.judged - each.exceptions}/{each.judged})"
        for each in found.silent
    ]
    twins = [
        f"{names[each.one]} = {names[each.other]} ({each.one}, {each.other}): "
        f"kappa {each.kappa:.2f}, {each.calls} {say('calls', ui)}"
        for each in found.twins
    ]
    return Group(table, *_listed("silent", silent, ui), *_listed("twins", twins, ui))


def _titled(title: str, ui: str) -> Table:
    return Table(box=None, padding=(0, 2, 0, 0), title=say(title, ui), title_justify="left")


def _listed(title: str, lines: Sequence[str], ui: str) -> list[Styled]:
    head = Styled(f"\n{say(title, ui)}", "bold")
    return [head, *(Styled(line) for line in lines or [say("none", ui)])]


# ── Fairness ─────────────────────────────────────────────────────────────────────────────────────


def fairness(found: Sequence[Compared], rubric: Rubric, ui: str) -> RenderableType:
    """What `qinhe fairness` prints."""
    names = names_of(rubric, ui)
    table = _titled("fairness", ui)
    for key in ("criterion", "group", "false_flags", "value", "test", "verdict"):
        table.add_column(TEXTS[key].of(ui))
    for each in found:
        for row, rate in enumerate(each.rates):
            median = DASH if rate.median is None else f"{rate.median:g}"
            table.add_row(
                names[each.criterion] if row == 0 else "",
                f"{each.key}={rate.group}",
                f"{rate.share:.0%} [{rate.low:.0%}, {rate.high:.0%}] {rate.flagged}/{rate.good}",
                median,
                _test(each) if row == 0 else "",
                conclusion(each, ui) if row == 0 else _few(each, rate, ui),
            )
    return table if found else Styled(say("none", ui))


def _test(each: Compared) -> str:
    if each.p is None:
        return DASH
    return f"{each.test}, p = {each.p:.2g}, Holm {each.adjusted:.2g}"


def _few(each: Compared, rate: Rate, ui: str) -> Styled:
    return Styled(say("few_calls", ui) if rate.group in each.left_out else "", "dim")


def conclusion(each: Compared, ui: str) -> Styled:
    """What a comparison comes to."""
    if each.p is None:
        return Styled(say("not_tested", ui, least=LEAST_CALLS), "dim")
    if each.on_the_line:
        return Styled(say("on_the_line", ui), "bold red")
    return Styled(say("uneven" if each.uneven else "even", ui), "red" if each.uneven else "dim")
