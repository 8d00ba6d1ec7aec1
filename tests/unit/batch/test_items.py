"""What a call is told by its manifest, and what by the night."""

from pipeline.batch.items import Item, Usual

USUAL = Usual(language="en", channels="agent=right,customer=left", speakers="A=agent,B=customer")


def test_what_a_manifest_leaves_open_is_as_usual() -> None:
    found = USUAL.of(Item(paths=("a.wav",), transcript="a.json"))
    assert (found.language, found.channels, found.speakers) == (
        "en", "agent=right,customer=left", "A=agent,B=customer",
    )  # fmt: skip


def test_what_a_manifest_says_stands() -> None:
    told = Item(
        paths=("a.wav",), transcript="a.json", language="zh", channels="agent=left,customer=right",
        speakers="X=agent",
    )  # fmt: skip
    assert USUAL.of(told) == told


def test_two_files_say_themselves_who_is_who() -> None:
    assert USUAL.of(Item(paths=("agent.wav", "customer.wav"))).channels is None


def test_no_transcript_has_no_speakers_to_name() -> None:
    assert USUAL.of(Item(paths=("a.wav",))).speakers is None
