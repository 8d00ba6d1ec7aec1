import sys

import numpy as np
import pytest

from pipeline.errors import ModelError
from pipeline.measure import vad
from scripts.synthesis.sounds import hold_music

CHANCE = np.random.default_rng(0)
SOUND = CHANCE.standard_normal(16000 * 2).astype(np.float32) * 0.05


@pytest.fixture(scope="module")
def model():
    return vad.load_vad()


def one(model, *blocks):
    (values,) = model.probabilities([blocks])
    return values


def sounds():
    """Noise that comes and goes, and music, in stretches of many lengths."""
    swelling = np.sin(np.arange(16000 * 24) / 3000) ** 2 * CHANCE.standard_normal(16000 * 24)
    music = hold_music(12.0, -20.0, CHANCE)  # at 8 kHz: an octave higher here
    long = np.concatenate([0.1 * swelling, music, music]).astype(np.float32)
    lengths = [160000, 1, 511, 512, 513, 90000, 40000, 64000, *range(700, 30000, 900)]
    return [long[9000 * n : 9000 * n + length] for n, length in enumerate(lengths)]


def test_one_value_for_every_begun_frame(model):
    assert len(one(model, SOUND[: 512 * 3 + 1])) == 4
    assert len(one(model)) == 0
    assert model.probabilities([]) == []
    values = one(model, SOUND)
    assert values.dtype == np.float32
    assert ((values >= 0) & (values <= 1)).all()


def test_pieces_of_whole_frames_are_heard_as_one(model):
    whole = one(model, SOUND)
    pieces = one(model, SOUND[:5120], SOUND[5120:15360], SOUND[15360:])
    assert pieces == pytest.approx(whole, abs=1e-5)


def test_no_stretch_hears_another(model):
    stretches = sounds()
    together = model.probabilities([[sound] for sound in stretches])
    for sound, values in zip(stretches, together, strict=True):
        assert values == pytest.approx(one(model, sound), abs=1e-5)


def test_the_values_are_the_packages_own(model):
    onnxruntime = pytest.importorskip("onnxruntime")
    graph = onnxruntime.InferenceSession(str(vad.model_file()), providers=["CPUExecutionProvider"])
    stretches = sounds()
    for sound, values in zip(stretches, model.probabilities([[s] for s in stretches]), strict=True):
        frames = np.zeros((-(-len(sound) // 512), 512), np.float32)
        frames.reshape(-1)[: len(sound)] = sound
        heads = np.concatenate([np.zeros((1, 64), np.float32), frames[:-1, -64:]])
        start = np.zeros((1, 1, 128), np.float32)
        given = {"input": np.hstack([heads, frames]), "h": start, "c": start}
        (theirs,) = graph.run(["speech_probs"], given)
        assert values == pytest.approx(theirs.reshape(-1), abs=2e-5)


def test_the_model_is_named_by_its_file(model):
    assert len(model.sha256) == 64
    assert model.name.startswith("silero-vad")


def test_a_missing_package_is_named_with_its_remedy(monkeypatch):
    monkeypatch.setattr(vad, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match="pip install"):
        vad.load_vad()


@pytest.mark.parametrize("data", [b"", b"no model", b"\x3a\xff\xff\x03cut", b"\x3a\x02\x2a\x00"])
def test_another_file_is_refused(monkeypatch, tmp_path, data):
    path = tmp_path / "model.onnx"
    path.write_bytes(data)
    monkeypatch.setattr(vad, "model_file", lambda: path)
    with pytest.raises(ModelError, match=r"model\.onnx"):
        vad.load_vad()


def test_loading_does_not_import_torch():
    import subprocess

    code = (
        "import sys; from pipeline.measure.vad import load_vad; load_vad(); "
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
