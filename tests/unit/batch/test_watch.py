from pathlib import Path

from pipeline.batch.items import Item, Usual
from pipeline.batch.watch import Settled, watch


def test_a_file_is_given_out_once_it_has_kept_still(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    item = Item(paths=(str(path),))
    now = [0.0]
    settled = Settled(10.0, clock=lambda: now[0])
    path.write_bytes(b"half")
    assert settled.of([item]) == []
    now[0] = 9.0
    path.write_bytes(b"half and more")
    assert settled.of([item]) == []
    now[0] = 18.0
    assert settled.of([item]) == []
    now[0] = 19.0
    assert settled.of([item]) == [item]
    now[0] = 40.0
    assert settled.of([item]) == []
    path.write_bytes(b"written anew under the name")
    assert settled.of([item]) == []
    now[0] = 50.0
    assert settled.of([item]) == [item]


def test_a_file_that_goes_away_is_no_trouble(tmp_path: Path) -> None:
    settled = Settled(0.0)
    assert settled.of([Item(paths=(str(tmp_path / "gone.wav"),))]) == []


def test_watching_hands_out_what_comes(tmp_path: Path) -> None:
    done: list[str] = []
    rounds = [lambda: (tmp_path / "b.wav").write_bytes(b"x"), lambda: None]

    def wait() -> bool:
        if rounds:
            rounds.pop(0)()
            return True
        return False

    (tmp_path / "a.wav").write_bytes(b"x")
    watch(
        [str(tmp_path)],
        Settled(0.0),
        Usual(language="en"),
        lambda items: done.extend(f"{Path(item.paths[0]).name} {item.language}" for item in items),
        wait,
    )
    assert done == ["a.wav en", "b.wav en"]
