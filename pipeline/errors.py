"""Every error that Qinhe raises on purpose.

::

    QinheError                 anything below; the command line prints it as one sentence
    ├── UsageError             the command was used wrongly                        exit 2
    └── InputError             something handed in cannot be used                  exit 3
        ├── AudioError         a recording
        ├── TranscriptError    a transcript made elsewhere
        ├── ModelError         a speech-recognition model
        ├── ConfigError        a rubric, lexicon or measuring settings
        ├── FactsError         stored facts or scorecards
        ├── StoreError         a database and the files beside it
        ├── MarksError         human marks
        └── SourceError        a folder, manifest or remote place that recordings come from

An input error says four things: which file, what was expected, what was found, what to do.
"""

from __future__ import annotations

from os import PathLike, fspath


def printable(name: str | PathLike[str]) -> str:
    """A file name that is safe to print: control characters and bad bytes are escaped.

    File names are hostile input: a newline or an escape sequence in one would otherwise forge
    lines in a log or colours in a terminal.
    """
    text = fspath(name).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text
    )


class QinheError(Exception):
    """The root of the tree; its text is one sentence or two, made for a person."""

    exit_code = 1


class UsageError(QinheError):
    """The command was used wrongly."""

    exit_code = 2


class InputError(QinheError):
    """Something handed in cannot be used.

    Args:
        source: the file, or another name for where the input came from.
        expected: what would have been right.
        found: what was there instead.
        remedy: what the person can do now.
    """

    exit_code = 3

    def __init__(
        self, source: str | PathLike[str], *, expected: str, found: str, remedy: str
    ) -> None:
        self.source = printable(source)
        self.expected = expected
        self.found = printable(found)  # it may quote the input
        self.remedy = remedy
        super().__init__(source, expected, found, remedy)

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuilt, (type(self), self.source, self.expected, self.found, self.remedy)

    def __str__(self) -> str:
        return f"{self.source}: expected {self.expected}, found {self.found}; {self.remedy}."


def _rebuilt(
    kind: type[InputError], source: str, expected: str, found: str, remedy: str
) -> InputError:
    # Keyword-only arguments need this to cross a process boundary (batch workers).
    return kind(source, expected=expected, found=found, remedy=remedy)


class AudioError(InputError):
    """A recording cannot be read, or holds nothing that can be measured."""


class TranscriptError(InputError):
    """A transcript made elsewhere cannot be read or does not belong to the recording."""


class ModelError(InputError):
    """A speech-recognition model is missing or cannot be loaded."""


class ConfigError(InputError):
    """A rubric, lexicon or settings file is wrong."""


class FactsError(InputError):
    """Stored facts or scorecards cannot be read."""


class StoreError(InputError):
    """A store cannot be opened, read or written to."""


class MarksError(InputError):
    """Human marks cannot be read, or do not fit what is stored."""


class SourceError(InputError):
    """A source of recordings, such as a manifest, cannot be read."""
