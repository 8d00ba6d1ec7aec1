"""Overlaps of two parties and their kinds: most are not interruptions.

Kinds, in the order in which they are tested (`Overlap.kind`; sources in docs/measures/turns.md):

choral
    Both start together, so neither had the floor (greetings, leave-takings; Schegloff 2000,
    "Overlapping talk and the organization of turn-taking", Language in Society 29), or both say
    the same short thing and finish together.
backchannel
    A short signal of listening (嗯, 对, 好的) while the other keeps the floor (Yngve 1970).
terminal
    The second comes in as the first is about to finish, at a place where a listener can hear the
    end coming (Sacks, Schegloff & Jefferson 1974), and the first finishes.
competitive
    The second comes in while the first is in the middle of a turn (French & Local 1983): *with
    floor* where the first gives way, *without floor* where the second does (Bennett 1981).
silent interruption
    The second comes in without overlap in the silence of a first who had not finished (Ferguson
    1977; Gravano & Hirschberg 2012, "A corpus-based study of interruptions in spoken dialogue").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from pipeline.facts import Overlap, OverlapKind
from pipeline.measure.units import Party, Unit, ends_in, made_of
from pipeline.settings import TurnSettings
from pipeline.timeline import Span


@dataclass(frozen=True)
class Episode:
    """Two parties' units that sound together, from the first joint moment to the last.

    A party that stops for a moment and goes on against the same unit of the other is still in
    the same episode, so each side may hold several units.
    """

    a: tuple[Unit, ...]
    b: tuple[Unit, ...]
    span: Span


@dataclass(frozen=True)
class Encounter:
    """An overlap and the units of both parties that took part in it."""

    overlap: Overlap
    first: tuple[Unit, ...]
    second: tuple[Unit, ...]


def find_encounters(parties: Sequence[Party], settings: TurnSettings) -> tuple[Encounter, ...]:
    """Every overlap of two parties, in time order, with its kind."""
    found = [
        _encounter(episode, one, other, settings)
        for one, other in combinations(parties, 2)
        for episode in _episodes(one, other, settings)
    ]
    return tuple(sorted(found, key=lambda encounter: encounter.overlap.span))


def _episodes(one: Party, other: Party, settings: TurnSettings) -> list[Episode]:
    found: list[Episode] = []
    pairs = [
        (a, b, Span(max(a.span.start, b.span.start), min(a.span.end, b.span.end)))
        for a in one.units
        for b in other.meeting(a.span)
    ]
    for a, b, span in sorted(pairs, key=lambda pair: pair[2]):
        if span.duration < settings.least_overlap_s:
            continue
        last = found[-1] if found else None
        if last and _continues(last, a, b, settings.same_episode_s):
            found[-1] = Episode(_with(last.a, a), _with(last.b, b), Span(last.span.start, span.end))
        else:
            found.append(Episode((a,), (b,), span))
    return found


def _continues(last: Episode, a: Unit, b: Unit, gap_s: float) -> bool:
    """Whether the pair goes on with an episode: one unit is the same, the other soon resumed."""
    if b is last.b[-1]:
        return a is not last.a[-1] and a.span.start - last.a[-1].span.end <= gap_s
    return a is last.a[-1] and b.span.start - last.b[-1].span.end <= gap_s


def _with(units: tuple[Unit, ...], unit: Unit) -> tuple[Unit, ...]:
    return units if units[-1] is unit else (*units, unit)


def _reach(units: tuple[Unit, ...]) -> Span:
    return Span(units[0].span.start, units[-1].span.end)


# ── Backchannels ─────────────────────────────────────────────────────────────────────────────────


def is_backchannel(unit: Unit, own: Party, other: Party, settings: TurnSettings) -> bool:
    """Whether a unit only signals listening: short, and the other holds the floor around it.

    Words decide where they were recognised, duration where not. In the other's silence the sound
    alone cannot tell 嗯 as a signal from 嗯 as an answer, and takes it for an answer, unless the
    silence is too short to wait for one.
    """
    reach_s = settings.backchannel_reach_s
    before, after = other.before(unit.span.start), other.after(unit.span.start)
    if before is None or before.span.end < unit.span.start - reach_s:
        return False
    goes_on = before.span.end >= unit.span.end + settings.goes_on_s
    resumes = after is not None and after.span.start <= unit.span.end + reach_s
    if not (goes_on or resumes) or _part_of_more(unit, own, after, settings):
        return False
    overlapping = before.span.end > unit.span.start
    if unit.text is not None and made_of(unit.text, settings.backchannels):
        answers = not overlapping and ends_in(before.text or "", settings.question_endings) > 0
        return not answers and unit.span.duration <= settings.longest_backchannel_s
    if unit.text is not None and len(unit.text) > settings.unsure_text_length:
        return False
    return unit.span.duration <= settings.longest_unheard_backchannel_s and (
        overlapping or (after is not None and _kept_floor(before, unit, after, settings))
    )


def _kept_floor(before: Unit, unit: Unit, after: Unit, settings: TurnSettings) -> bool:
    """Whether the other, who was silent when ``unit`` began, had only paused.

    They go on while it lasts, or so soon that speech, sound and reaction to it have no room in the
    silence: it takes 0.2 s to react to a voice (Levinson & Torreira 2015).
    """
    paused_s = after.span.start - before.span.end
    return after.span.start < unit.span.end or paused_s <= settings.same_episode_s


def _part_of_more(unit: Unit, own: Party, after: Unit | None, settings: TurnSettings) -> bool:
    """Whether the speaker goes on to say more before the other does."""
    more = own.after(unit.span.end)
    if more is None or more.span.start - unit.span.end > settings.same_episode_s:
        return False
    if unit.text is not None and more.text is not None:
        both = made_of(unit.text, settings.backchannels) and made_of(
            more.text, settings.backchannels
        )
        if both:
            return False
    elif more.span.duration <= settings.longest_unheard_backchannel_s:
        return False
    return after is None or more.span.start < after.span.start


# ── Kinds ────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Side:
    """One party's part in an episode."""

    party: Party
    units: tuple[Unit, ...]
    listening: bool

    @property
    def span(self) -> Span:
        return Span(self.units[0].span.start, self.units[-1].span.end)

    @property
    def text(self) -> str:
        return "".join(unit.text or "" for unit in self.units)


@dataclass(frozen=True)
class _Verdict:
    kind: OverlapKind
    yielded: str | None
    confidence: float


def _encounter(episode: Episode, one: Party, other: Party, settings: TurnSettings) -> Encounter:
    a, b = (
        _Side(own, units, all(is_backchannel(unit, own, against, settings) for unit in units))
        for own, against, units in ((one, other, episode.a), (other, one, episode.b))
    )
    if a.listening != b.listening:
        first, second = (b, a) if a.listening else (a, b)
    else:
        first, second = sorted((a, b), key=lambda side: (side.span.start, -side.span.end))
    verdict = _judge(first, second, settings)
    overlap = Overlap(
        span=episode.span,
        first=first.party.speaker,
        second=second.party.speaker,
        kind=verdict.kind,
        yielded=verdict.yielded,
        confidence=round(verdict.confidence, 2),
    )
    return Encounter(overlap, first.units, second.units)


def _judge(first: _Side, second: _Side, settings: TurnSettings) -> _Verdict:
    together = _choral_confidence(first, second, settings)
    if second.listening and not (together and _alike(first, second, settings)):
        return _Verdict("backchannel", None, _listening_confidence(second, settings))
    if together is not None:
        return _Verdict("choral", None, together)
    return _contest(first, second, settings)


def _listening_confidence(second: _Side, settings: TurnSettings) -> float:
    if made_of(second.text, settings.backchannels):
        return 0.95
    longest = settings.longest_unheard_backchannel_s
    return 0.9 - 0.4 * min(1.0, second.span.duration / longest)


def _choral_confidence(first: _Side, second: _Side, settings: TurnSettings) -> float | None:
    """How sure it is that both speak together on purpose or by chance, ``None``: they do not."""
    one, two = first.span, second.span
    late = two.start - one.start
    if late <= settings.choral_onset_s:
        return 0.9 - 0.4 * late / settings.choral_onset_s
    ends_together = abs(two.end - one.end) <= settings.choral_end_s
    if not ends_together or two.duration > settings.longest_choral_s:
        return None
    if first.text and second.text:
        return 0.9 if first.text.endswith(second.text) else None
    theirs = first.party.after(one.end)
    goes_on = theirs is not None and theirs.span.start - one.end <= settings.backchannel_reach_s
    return 0.6 if not goes_on and two.overlap(one) >= two.duration / 2 else None


def _alike(first: _Side, second: _Side, settings: TurnSettings) -> bool:
    """Whether both say about as much, and the second not just 嗯."""
    one, two = sorted((first.span.duration, second.span.duration))
    return one >= two / 2 and not made_of(second.text, settings.backchannels)


def _contest(first: _Side, second: _Side, settings: TurnSettings) -> _Verdict:
    """Terminal or competitive, and who has the floor afterwards."""
    remaining = first.span.end - second.span.start
    takes = _second_goes_on(first, second, settings)
    text = first.units[-1].text
    unfinished = text is not None and is_unfinished(text, settings)
    if takes and remaining <= settings.terminal_s and not unfinished:
        margin = (settings.terminal_s - remaining) / settings.terminal_s
        return _Verdict("terminal", None, 0.6 + 0.35 * margin)
    clear = abs(second.span.end - first.span.end)
    sure = 0.6 + 0.35 * min(1.0, clear / settings.clear_outcome_s)
    if takes:
        early = (remaining - settings.terminal_s) / settings.terminal_s
        sure = min(sure, 0.6 + 0.35 * min(1.0, max(early, 0.5 if unfinished else 0.0)))
        return _Verdict("competitive-with-floor", first.party.speaker, sure)
    return _Verdict("competitive-without-floor", second.party.speaker, sure)


def _second_goes_on(first: _Side, second: _Side, settings: TurnSettings) -> bool:
    """Whether the second has the floor after the overlap: outlasts the first, or speaks next."""
    longer = second.span.end - first.span.end
    if abs(longer) > settings.clear_outcome_s:
        return longer > 0
    end = max(first.span.end, second.span.end)
    theirs, own = first.party.after(end), second.party.after(end)
    if theirs is None or own is None:
        return own is not None or (theirs is None and longer > 0)
    return own.span.start < theirs.span.start


def is_unfinished(text: str, settings: TurnSettings) -> bool:
    """Whether a text breaks off where no sentence ends (…因为, …我想要, …the)."""
    unfinished = ends_in(text, settings.unfinished_endings)
    return unfinished > ends_in(text, settings.finished_endings)


# ── Without overlap ──────────────────────────────────────────────────────────────────────────────


def silent_interruption(
    last: Unit, new: Unit, resumed: Unit | None, settings: TurnSettings
) -> Overlap | None:
    """Whether ``new`` cut in on the silence of a speaker who had not finished with ``last``.

    Words decide where they were recognised: the first speaker's break off in mid-sentence. Sound
    alone can only suspect it, where the first stops at full level, the second comes in at once
    and the first (``resumed``, their next unit) goes on as soon as there is room.
    """
    offset = new.span.start - last.span.end
    if not 0 <= offset <= settings.longest_silent_s:
        return None
    if last.text is not None:
        if not is_unfinished(last.text, settings):
            return None
        sure = 0.9 if last.abrupt else 0.75
    else:
        soon = resumed is not None and resumed.span.start <= new.span.end + settings.resumes_s
        if not (last.abrupt and soon and offset <= settings.longest_unheard_silent_s):
            return None
        sure = 0.5
    return Overlap(
        span=Span(last.span.end, new.span.start),
        first=last.speaker,
        second=new.speaker,
        kind="silent-interruption",
        yielded=last.speaker,
        confidence=sure,
    )
