import random

import pytest

from scripts.nights import fuzz


def test_a_thousand_damaged_inputs_end_in_a_clear_error() -> None:
    assert fuzz.run(1000, random.randrange(2**32), None) == 0


def test_what_is_not_a_clear_error_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    def broken(data: bytes, _: object) -> None:
        if len(data) % 2:
            raise ZeroDivisionError("a fault of ours")

    reader = fuzz.Reader("broken", broken, (b"an example",), 1.0)
    found = fuzz._feed(reader, 50, 1, (b"other",), None)
    assert 0 < found < 50
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_the_same_seed_is_the_same_input() -> None:
    def inputs() -> list[bytes]:
        draw = random.Random("1 a 1")
        return [fuzz.mutated(b"an example", draw, (b"other",)) for _ in range(20)]

    assert inputs() == inputs()
    assert len(set(inputs())) > 10
