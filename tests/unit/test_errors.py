import pickle

import pytest

from pipeline.errors import AudioError, ConfigError, InputError, UsageError, printable


def an_error() -> AudioError:
    return AudioError("a.wav", expected="sound", found="nothing", remedy="record again")


def test_an_input_error_names_file_expectation_finding_and_remedy() -> None:
    assert str(an_error()) == "a.wav: expected sound, found nothing; record again."


def test_errors_survive_the_way_between_processes() -> None:
    copy = pickle.loads(pickle.dumps(an_error()))
    assert type(copy) is AudioError
    assert str(copy) == str(an_error())


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("投诉 call.wav", "投诉 call.wav"),
        ("a\nERROR: forged.wav", "a\\nERROR: forged.wav"),
        ("\x1b[31mred.wav", "\\x1b[31mred.wav"),
        ("bad\udcff.wav", "bad\\xff.wav"),
        ("left\u202eright.wav", "left\\u202eright.wav"),
    ],
)
def test_hostile_names_are_escaped_once(name: str, shown: str) -> None:
    assert printable(name) == shown
    assert printable(printable(name)) == shown


def test_exit_codes_follow_the_tree() -> None:
    assert UsageError("x").exit_code == 2
    assert issubclass(ConfigError, InputError)
    assert an_error().exit_code == 3
