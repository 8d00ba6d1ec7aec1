import sys

import numpy as np
import pytest

from pipeline.errors import ModelError
from pipeline.measure import vad

SOUND = np.random.default_rng(0).standard_normal(16000 * 2).astype(np.float32) * 0.05


@pytest.fixture(scope="module")
def model():
    return vad.load_vad()


def test_one_value_for_every_begun_frame(model):
    assert len(model.probabilities([SOUND[: 512 * 3 + 1]])) == 4
    assert len(model.probabilities([])) == 0
    values = model.probabilities([SOUND])
    assert values.dtype == np.float32
    assert ((values >= 0) & (values <= 1)).all()


def test_pieces_of_whole_frames_are_heard_as_one(model):
    whole = model.probabilities([SOUND])
    pieces = model.probabilities([SOUND[:5120], SOUND[5120:15360], SOUND[15360:]])
    assert pieces == pytest.approx(whole, abs=1e-5)


def test_the_model_is_named_by_its_file(model):
    assert len(model.sha256) == 64
    assert model.name.startswith("silero-vad")


def test_a_missing_package_is_named_with_its_remedy(monkeypatch):
    monkeypatch.setattr(vad, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match="pip install"):
        vad.load_vad()


def test_loading_does_not_import_torch():
    import subprocess

    code = (
        "import sys; from pipeline.measure.vad import load_vad; load_vad(); "
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
