"""Who is on which channel, as people write it: ``agent=left,customer=right``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from pipeline.errors import UsageError
from pipeline.facts import AGENT, CUSTOMER

Roles = Mapping[str, int]
"""Speaker's name -> channel, counted from 0."""

OTHERS: Final = "others"
DEFAULT: Final[Roles] = {AGENT: 0, CUSTOMER: 1}
_SIDES: Final = {"left": 0, "right": 1, "l": 0, "r": 1, "1": 0, "2": 1, "左": 0, "右": 1}
_PARTIES: Final = {AGENT: AGENT, CUSTOMER: CUSTOMER, "坐席": AGENT, "客户": CUSTOMER}


def parse(text: str) -> Roles:
    """The map that ``text`` writes; a party that is left out takes the other channel.

    Raises:
        UsageError: another party or side, or one of them twice.
    """
    found: dict[str, int] = {}
    for part in re.split(r"[,，;\s]+", text.strip().lower()):
        party, _, side = part.partition("=")
        if party not in _PARTIES or side not in _SIDES:
            raise _wrong(text)
        if _PARTIES[party] in found or _SIDES[side] in found.values():
            raise _wrong(text)
        found[_PARTIES[party]] = _SIDES[side]
    agent = found.get(AGENT, 1 - found.get(CUSTOMER, 1))
    return {AGENT: agent, CUSTOMER: 1 - agent}


def parse_speakers(text: str) -> dict[str, str]:
    """A transcript's labels onto parties: ``Diane=agent,Sheila=customer``, ``IVR=others``.

    Raises:
        UsageError: not such a map.
    """
    found = {}
    for part in re.split(r"[,，;]", text):
        label, _, party = part.rpartition("=")
        party = _PARTIES.get(party.strip().lower(), party.strip().lower())
        if not label.strip() or party not in (AGENT, CUSTOMER, OTHERS):
            raise UsageError(
                f"--speakers {text!r} does not say who is who: write NAME=agent,NAME=customer, "
                f"and NAME={OTHERS} for whom to leave out."
            )
        found[label.strip()] = party
    return found


def _wrong(text: str) -> UsageError:
    return UsageError(
        f"--channels {text!r} is not a map of parties onto sides: write agent=left,customer=right "
        "or agent=right,customer=left."
    )
