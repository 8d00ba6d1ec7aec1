"""States of a call that conditions and several checks speak of: upset, complaining, rambling."""

from __future__ import annotations

from pipeline.facts import CUSTOMER
from pipeline.judge.prosody import raised_by
from pipeline.judge.said import counted
from pipeline.judge.view import View
from pipeline.rubric.kinds import Condition
from pipeline.rubric.say import Say
from pipeline.scorecard import Text

MIN_UPSET_SYLLABLES = 3
"""Shorter turns are too short to sound upset."""


def upset_turns(view: View) -> tuple[int, ...]:
    """The customer's turns that are upset by words or by voice, in order."""
    known = view.memory.get("upset")
    if not isinstance(known, tuple):
        limit = view.rubric.signals.upset_effort_db
        loud = {
            index
            for index in view.turns_of.get(CUSTOMER, ())
            if (raised_by(view.turns[index]) or 0.0) >= limit
            and view.syllables[index] >= MIN_UPSET_SYLLABLES
        }
        known = view.memory["upset"] = tuple(sorted(loud | upset_by_words(view)))
    return known


def upset_by_words(view: View) -> frozenset[int]:
    """The customer's turns with upset words."""
    return _turns_with(view, "upset", view.rubric.signals.upset)


def pleased_turns(view: View) -> frozenset[int]:
    """The customer's turns with pleased words."""
    return _turns_with(view, "pleased", view.rubric.signals.pleased)


def rambling_turns(view: View) -> tuple[int, ...]:
    """The customer's turns that go on and on."""
    limit = view.rubric.signals.rambling_s
    return tuple(
        index
        for index in view.turns_of.get(CUSTOMER, ())
        if view.turns[index].span.duration >= limit
    )


def _turns_with(view: View, name: str, signal: Say | str | None) -> frozenset[int]:
    known = view.memory.get(("turns with", name))
    if not isinstance(known, frozenset):
        mentions = counted(view, signal, CUSTOMER) if signal is not None else ()
        known = view.memory["turns with", name] = frozenset(each.turn for each in mentions)
    return known


_ABSENT: dict[Condition, Text] = {
    "hold": Text(zh="没有让客户等待", en="the customer was not made to wait"),
    "complaint": Text(zh="没有投诉", en="no complaint"),
    "upset": Text(zh="客户没有激动情绪", en="the customer was not upset"),
    "rambling": Text(zh="客户没有长篇絮叨", en="the customer did not ramble"),
    "leaving": Text(zh="客户没有要退订或离网", en="the customer does not want to leave"),
    "thanked": Text(zh="客户没有致谢", en="the customer did not thank"),
    "apologised": Text(zh="客户没有致歉", en="the customer did not apologise"),
}


def absent(view: View, condition: Condition) -> Text | None:
    """Why a criterion under this condition does not apply; ``None``: it does."""
    key = "absent", condition
    if key not in view.memory:
        always = condition == "always"
        view.memory[key] = None if always or _happened(view, condition) else _ABSENT[condition]
    known = view.memory[key]
    return known if isinstance(known, Text) else None


def _happened(view: View, condition: Condition) -> bool:
    signals = view.rubric.signals
    if condition == "hold":
        return bool(view.facts.holds)
    if condition == "upset":
        return bool(upset_turns(view))
    if condition == "rambling":
        return bool(rambling_turns(view))
    signal = {
        "complaint": signals.complaint,
        "leaving": signals.leaving,
        "thanked": signals.thanks,
        "apologised": signals.apology,
    }[condition]
    return bool(_turns_with(view, condition, signal))
