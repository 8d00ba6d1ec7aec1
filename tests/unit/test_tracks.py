import numpy as np
import pytest

from pipeline import tracks
from pipeline.errors import FactsError
from pipeline.files import packed
from tests.unit.report import examples

NAMES = ("speech_probability", "pitch_hz", "level_dbov", "peak")


def test_tracks_come_back_as_they_were() -> None:
    before = examples.tracks(1.0)
    after = tracks.decode(tracks.encode(before), "t.npz")
    assert len(after.channels) == len(before.channels)
    for one, two in zip(before.channels, after.channels, strict=True):
        assert all(np.array_equal(getattr(one, n), getattr(two, n), equal_nan=True) for n in NAMES)


@pytest.mark.parametrize(
    "odd",
    [np.float32(1.0), np.zeros((100, 1), np.float32), np.zeros(100), np.zeros(100, "U3")],
    ids=["no axis", "two axes", "doubles", "text"],
)
def test_a_track_of_another_shape_or_type_is_refused(odd: np.ndarray) -> None:
    sound = {f"{name}_0": np.zeros(100, np.float32) for name in NAMES}
    with pytest.raises(FactsError, match=r"t\.npz.*a track of shape"):
        tracks.decode(packed({**sound, "peak_0": odd}), "t.npz")
