"""Words in columns are the words that were put in, and columns that do not fit are refused."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.facts import Cue, Cues, Said, Turn, Word
from pipeline.timeline import Span

WORDS = st.lists(
    st.tuples(
        st.text(min_size=1, max_size=4),
        st.floats(0, 1e4),
        st.floats(0, 10),
        st.none() | st.floats(0, 1),
    ),
    max_size=6,
)


@given(WORDS)
def test_a_turn_gives_back_its_words(rows: list[tuple[str, float, float, float | None]]) -> None:
    words = tuple(
        Word(text=text, span=Span(start, start + length), speaker="agent", probability=known)
        for text, start, length, known in rows
    )
    turn = Turn(speaker="agent", span=Span(0, 1), said=Said.of(words))
    assert turn.words == words
    again = msgspec.json.decode(msgspec.json.encode(turn), type=Turn)
    assert again == turn


@pytest.mark.parametrize(
    "columns",
    [
        {"texts": ("好",), "starts": (0.0,), "ends": ()},
        {"texts": ("好", "的"), "starts": (0.0,), "ends": (1.0,)},
        {"texts": ("好",), "starts": (0.0,), "ends": (1.0,), "probabilities": (0.5, 0.5)},
        {"texts": ("好",), "starts": (2.0,), "ends": (1.0,)},
        {"texts": ("好",), "starts": (0.0,), "ends": (1e300,)},
        {"texts": ("好",), "starts": (-1e300,), "ends": (0.0,)},
    ],
)
def test_columns_that_do_not_fit_are_refused(columns: dict[str, tuple[object, ...]]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(columns, Said)


def test_cues_keep_name_value_and_deviation() -> None:
    cues = Cues.of([Cue(name="f2_shift", value=3.0, unit="%", z=0.5)])
    assert cues == Cues(names=("f2_shift",), values=(3.0,), z=(0.5,))
    with pytest.raises(ValueError, match="2 z"):
        Cues(names=("f2_shift",), values=(3.0,), z=(0.5, 0.1))
