import pytest

from pipeline.errors import UsageError
from pipeline.measure.roles import parse


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
