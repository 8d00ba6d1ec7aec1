"""Short recordings for nights: cuts of the sample calls, none like another."""

from pathlib import Path

import msgspec
import soundfile
from sqlalchemy import func, select

from pipeline.store.database import Database, open_database
from pipeline.store.files import tracks_path
from pipeline.store.tables import facts, findings, metadata, recordings, scorecards
from tests.conftest import CALLS

SECONDS = 2.0


def short_calls(
    folder: Path, count: int, seconds: float = SECONDS, *, first: int = 0
) -> list[Path]:
    """Stereo recordings, 8 kHz, with speech of both parties or one, numbered from ``first``."""
    folder.mkdir(parents=True, exist_ok=True)
    sound, rate = soundfile.read(next(CALLS.glob("interrupted_customer.[fo]*")), dtype="float32")
    length = round(seconds * rate)
    paths = []
    for number in range(first, first + count):
        at = (number * 7919) % (len(sound) - length)
        cut = sound[at : at + length] * (1.0 - 0.2 * ((number % 97) / 97))
        cut[number % length, 0] += 0.01  # no two alike, whatever the cut
        path = folder / f"call-{number:05d}.wav"
        soundfile.write(path, cut, rate, subtype="PCM_16")
        paths.append(path)
    return paths


def transcript(path: Path, text: str = "您好 很高兴 为您 服务") -> Path:
    """Words for a recording, in our own form."""
    words = [
        {"text": word, "start": 0.2 * i, "end": 0.2 * i + 0.2, "speaker": "agent"}
        for i, word in enumerate(text.split())
    ]
    path.write_bytes(
        msgspec.json.encode({"schema": "qinhe.transcript/1", "language": "zh", "words": words})
    )
    return path


def contents(address: str, files: Path | None = None) -> dict[str, int]:
    """How many rows each table has."""
    with open_database(address, files) as database, database.reading() as connection:
        return {
            table.name: connection.scalar(select(func.count()).select_from(table)) or 0
            for table in metadata.sorted_tables
        }


def check_sound(database: Database, expected: int, *, every: bool = True) -> None:
    """Every call once and whole, and no file that no call names.

    Without ``every``, recordings that could not be measured are known beside them.
    """
    with database.reading() as connection:
        if database.is_sqlite:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
        if every:
            assert connection.scalar(select(func.count()).select_from(recordings)) == expected
        assert connection.scalar(select(func.count()).select_from(facts)) == expected
        cards = connection.execute(select(scorecards.c.id, scorecards.c.current)).all()
        assert len(cards) == expected
        assert all(card.current for card in cards)
        per_card = connection.execute(
            select(findings.c.scorecard_id, func.count()).group_by(findings.c.scorecard_id)
        ).all()
        assert {row[0] for row in per_card} == {card.id for card in cards}
        assert len({row[1] for row in per_card}) == 1
        addresses = set(connection.scalars(select(facts.c.tracks_sha256)))
    kept = {path for path in (database.files / "tracks").rglob("*") if path.is_file()}
    assert kept == {tracks_path(database.files, address) for address in addresses}
    assert list(database.files.rglob("*.part")) == []
    assert list((database.files / "locks").glob("*")) == []
