"""What a night's sources name: recordings, and what is known of each besides its sound."""

from __future__ import annotations

import msgspec

from pipeline.errors import printable
from pipeline.files import safe_stem
from pipeline.store.calls import Details


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One call to do.

    Attributes:
        paths: its file, or the agent's and the customer's; local paths or addresses.
        call_id: its name; ``None``: made from the file's.
        transcript: where its words are, instead of Whisper.
        language: what is spoken; ``None``: what the settings or the transcript say.
        channels: who is on which channel, as ``qinhe measure --channels`` takes it.
        agent_is: the number of the agent's voice.
        speakers: who the transcript's speakers are, as ``--speakers`` takes it.
    """

    paths: tuple[str, ...]
    call_id: str | None = None
    details: Details = Details()
    transcript: str | None = None
    language: str | None = None
    channels: str | None = None
    agent_is: int | None = None
    speakers: str | None = None

    @property
    def source(self) -> str:
        """The recording's name for people and for the store: printable, whatever it is."""
        return " + ".join(printable(path) for path in self.paths)

    @property
    def wished_id(self) -> str:
        """The name that the call would like to have: safe as a file's, too."""
        if self.call_id is not None:
            return safe_stem(self.call_id.replace("/", "_") + ".")
        return safe_stem(self.paths[0].rstrip("/"))


class Usual(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for every call of a night that does not say otherwise (as `Item` has it)."""

    language: str | None = None
    channels: str | None = None
    speakers: str | None = None

    def of(self, item: Item) -> Item:
        """The item, with what it leaves open; a file of one's own says who is on it."""
        return msgspec.structs.replace(
            item,
            language=item.language or self.language,
            channels=item.channels or (self.channels if len(item.paths) == 1 else None),
            speakers=item.speakers or (self.speakers if item.transcript else None),
        )


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """What a source names and nobody can do anything with."""

    source: str
    reason: str
