import pytest

from pipeline.errors import UsageError
from pipeline.measure.roles import parse, parse_speakers


@pytest.mark.parametrize(
    ("text", "agent"),
    [
        ("agent=left,customer=right", 0),
        ("agent=right,customer=left", 1),
        ("customer=left", 1),
        ("agent=2", 1),
        ("Agent=R, Customer=L", 1),
        ("坐席=右，客户=左", 1),
    ],
)
def test_maps_as_people_write_them(text: str, agent: int) -> None:
    assert parse(text) == {"agent": agent, "customer": 1 - agent}


@pytest.mark.parametrize(
    "text", ["", "agent", "agent=up", "boss=left", "agent=left,customer=left", "agent=left,agent=1"]
)
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match="agent=left,customer=right"):
        parse(text)


def test_a_transcripts_speakers_are_mapped() -> None:
    found = parse_speakers("Diane=agent, 王 女士=客户, IVR=others")
    assert found == {"Diane": "agent", "王 女士": "customer", "IVR": "others"}


@pytest.mark.parametrize("text", ["", "Diane", "=agent", "Diane=boss"])
def test_a_map_that_says_nothing_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="NAME=agent"):
        parse_speakers(text)
