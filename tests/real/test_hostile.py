"""Inputs that are meant to do harm."""

import os
import pickle
from pathlib import Path

import pytest
import torch

from pipeline.errors import ModelError
from pipeline.measure import recogniser


class Evil:
    """A pickle that runs a command when it is read."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.marker),)


@pytest.mark.parametrize("how", ["torch", "pickle"])
def test_a_checkpoint_that_runs_code_is_refused_and_runs_none(how: str, tmp_path: Path) -> None:
    path, marker = tmp_path / "model.pt", tmp_path / "harm"
    evil = {"dims": Evil(marker), "model_state_dict": {}}
    if how == "torch":
        torch.save(evil, path)
    else:
        path.write_bytes(pickle.dumps(evil))
    with pytest.raises(ModelError, match=r"model\.pt"):
        recogniser.load(path, "cpu")
    assert not marker.exists()
    pickle.loads(pickle.dumps(Evil(marker)))  # it would have
    assert marker.exists()
