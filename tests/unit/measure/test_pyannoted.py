"""The other diarizer, as far as it goes without its weights."""

import importlib.util
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from pipeline.commands.options import pyannote_of
from pipeline.errors import ModelError, UsageError
from pipeline.measure.channel import from_samples
from pipeline.measure.pyannoted import Pyannote, load_pyannote
from pipeline.timeline import Span


class Annotation:
    """As much of pyannote.core.Annotation as is asked for."""

    def __init__(self, *tracks):
        self.tracks = tracks

    def itertracks(self, yield_label):
        assert yield_label
        for start, end, label in self.tracks:
            yield SimpleNamespace(start=start, end=end), "_", label


FOUND = Annotation((0, 2, "A"), (2, 2.5, "B"), (1.5, 4, "A"), (5, 8, "C"))


@pytest.fixture
def installed(monkeypatch):
    """A pyannote.audio whose pipelines load as told."""

    def put(load):
        audio = ModuleType("pyannote.audio")
        audio.Pipeline = SimpleNamespace(from_pretrained=load)
        monkeypatch.setitem(sys.modules, "pyannote", ModuleType("pyannote"))
        monkeypatch.setitem(sys.modules, "pyannote.audio", audio)
        monkeypatch.setattr("pipeline.measure.pyannoted.find_spec", lambda name: object())

    return put


@pytest.mark.skipif(
    importlib.util.find_spec("pyannote") is not None, reason="pyannote.audio is installed"
)
def test_a_missing_package_is_named(tmp_path):
    with pytest.raises(ModelError, match=r"qinhe\[pyannote\]"):
        load_pyannote(tmp_path)


def test_a_folder_without_a_pipeline_is_refused(installed, tmp_path):
    installed(lambda path: pytest.fail("nothing to load"))
    with pytest.raises(ModelError, match=r"config\.yaml"):
        load_pyannote(tmp_path)


@pytest.mark.parametrize("load", [lambda path: None, lambda path: 1 / 0])
def test_a_broken_pipeline_is_refused(installed, tmp_path, load):
    (tmp_path / "config.yaml").write_text("pipeline: {}")
    installed(load)
    with pytest.raises(ModelError, match="download it again"):
        load_pyannote(tmp_path)


@pytest.mark.parametrize("found", [FOUND, SimpleNamespace(speaker_diarization=FOUND)])
def test_voices_are_those_that_speak_longest(installed, tmp_path, found):
    given = {}

    def pipeline(sound):
        given.update(sound)
        return found

    (tmp_path / "config.yaml").write_text("pipeline: {}")
    installed(lambda path: pipeline)
    model = load_pyannote(tmp_path)
    assert isinstance(model, Pyannote)
    voices = model.voices(from_samples(np.zeros(8 * 8000), 8000), most=2)
    assert voices == ((Span(0, 4),), (Span(5, 8),))
    assert given["sample_rate"] == 16000
    assert tuple(given["waveform"].shape) == (1, 8 * 16000)


def test_the_two_options_go_together(tmp_path):
    assert pyannote_of("pyannote", tmp_path) == tmp_path
    assert pyannote_of("qinhe", None) is None
    for diarizer, folder in (("pyannote", None), ("qinhe", tmp_path)):
        with pytest.raises(UsageError, match="go together"):
            pyannote_of(diarizer, folder)
