"""Loading models: by name, by path, on a closed machine, and what is no model."""

import hashlib
import io
import pickle
import urllib.error
from pathlib import Path
from typing import Any

import pytest
import torch
import whisper
from whisper.model import ModelDimensions, Whisper

from pipeline.errors import ModelError
from pipeline.measure import recogniser
from pipeline.measure.recogniser import load

TINY = ModelDimensions(80, 1500, 8, 2, 1, 51865, 448, 8, 2, 1)


@pytest.fixture(scope="module")
def checkpoint() -> bytes:
    """A checkpoint in OpenAI's format that knows nothing."""
    torch.manual_seed(0)
    file = io.BytesIO()
    state = Whisper(TINY).half().state_dict()
    torch.save({"dims": vars(TINY), "model_state_dict": state}, file)
    return file.getvalue()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "whisper"


def closed(*_: Any, **__: Any) -> None:
    raise urllib.error.URLError("[Errno -3] Temporary failure in name resolution")


def test_a_checkpoint_by_its_path(tmp_path: Path, checkpoint: bytes) -> None:
    path = tmp_path / "ours.pt"
    path.write_bytes(checkpoint)
    found = load(path, "cpu")
    assert found.name == "ours.pt"
    assert found.sha256 == hashlib.sha256(checkpoint).hexdigest()
    assert not found.demonstration
    assert found.multilingual
    assert not found.on_gpu
    assert not found.model.training


def test_the_shipped_model_is_a_demonstration_wherever_it_lies(
    tmp_path: Path, checkpoint: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = tmp_path / "whisper-demo-zh.pt"
    shipped.write_bytes(checkpoint)
    copied = tmp_path / "my-own.pt"
    copied.write_bytes(checkpoint)
    other = tmp_path / "other.pt"
    torch.manual_seed(1)
    torch.save({"dims": vars(TINY), "model_state_dict": Whisper(TINY).state_dict()}, other)
    monkeypatch.setattr(recogniser, "DEMO_MODEL", shipped)
    assert load("demo", "cpu").demonstration
    assert load("demo", "cpu").name == "whisper-demo-zh"
    assert load(copied, "cpu").demonstration
    assert not load(other, "cpu").demonstration


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a model",
        b"PK\x03\x04" + b"\0" * 100,
        pickle.dumps({"dims": {}, "model_state_dict": {}}),
        b"RIFF\x24\x00\x00\x00WAVEfmt ",
    ],
)
def test_a_file_that_is_no_checkpoint(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"model\.pt: expected a Whisper checkpoint") as caught:
        load(path, "cpu")
    assert "\n" not in str(caught.value)


def test_torch_files_of_other_kinds(tmp_path: Path, checkpoint: bytes) -> None:
    whole = torch.load(io.BytesIO(checkpoint), weights_only=True)
    for name, content in {
        "list.pt": [1, 2],
        "weights.pt": whole["model_state_dict"],
        "dims.pt": {**whole, "dims": {"n_mels": 80}},
        "other_size.pt": {**whole, "dims": {**whole["dims"], "n_audio_state": 16}},
    }.items():
        torch.save(content, tmp_path / name)
        with pytest.raises(ModelError, match=f"{name}: expected a Whisper checkpoint"):
            load(tmp_path / name, "cpu")
    cut = tmp_path / "cut.pt"
    cut.write_bytes(checkpoint[: len(checkpoint) // 2])
    with pytest.raises(ModelError, match=r"cut\.pt: expected a Whisper checkpoint"):
        load(cut, "cpu")


def test_nothing_is_run_from_a_hostile_file(tmp_path: Path) -> None:
    class Hostile:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / "ran",)

    torch.save({"dims": Hostile()}, tmp_path / "hostile.pt")
    with pytest.raises(ModelError):
        load(tmp_path / "hostile.pt", "cpu")
    assert not (tmp_path / "ran").exists()


def test_a_folder_and_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="found a folder"):
        load(tmp_path, "cpu")
    with pytest.raises(ModelError, match="expected the name of a Whisper model or the path"):
        load(tmp_path / "none.pt", "cpu")


def test_a_misspelt_name_is_met_with_the_nearest() -> None:
    with pytest.raises(ModelError, match=r"did you mean small\?.*large-v3"):
        load("smal", "cpu")


def test_a_closed_machine_says_where_it_looked(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("urllib.request.urlopen", closed)
    with pytest.raises(ModelError) as caught:
        load("small", "cpu")
    message = str(caught.value)
    assert message.startswith("small: expected the weights of Whisper small in ")
    assert str(cache / "small.pt") in message
    assert "name resolution" in message
    assert "--model PATH" in message
    assert list(cache.iterdir()) == []


class Download(io.BytesIO):
    def info(self) -> dict[str, str]:
        return {"Content-Length": str(len(self.getvalue()))}


def test_a_download_that_breaks_off_leaves_nothing(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(Download):
        def read(self, *_: Any) -> bytes:
            if self.tell():
                raise ConnectionResetError(104, "Connection reset by peer")
            return super().read(1)

    monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: Broken(b"half"))
    with pytest.raises(ModelError, match="Connection reset by peer"):
        load("tiny", "cpu")
    assert list(cache.iterdir()) == []


def test_a_download_of_something_else_leaves_nothing(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: Download(b"<html>log in</html>"))
    with pytest.raises(ModelError, match=r"cannot be used .*checksum"):
        load("tiny", "cpu")
    assert list(cache.iterdir()) == []


def test_a_name_is_fetched_once(
    cache: Path, checkpoint: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = hashlib.sha256(checkpoint).hexdigest()
    monkeypatch.setitem(whisper._MODELS, "tiny", f"https://models.example/{digest}/tiny.pt")
    monkeypatch.setitem(whisper._ALIGNMENT_HEADS, "tiny", _all_heads())
    monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: Download(checkpoint))
    found = load("tiny", "cpu")
    assert (found.name, found.sha256, found.demonstration) == ("tiny", digest, False)
    assert [path.name for path in cache.iterdir()] == ["tiny.pt"]
    monkeypatch.setattr("urllib.request.urlopen", closed)
    assert load("tiny", "cpu").sha256 == digest


def _all_heads() -> bytes:
    import base64
    import gzip

    return base64.b85encode(gzip.compress(bytes([1, 1])))


def test_a_spoilt_file_in_the_cache_is_no_model(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.mkdir()
    (cache / "tiny.pt").write_bytes(b"half of it")
    monkeypatch.setattr("urllib.request.urlopen", closed)
    with pytest.raises(ModelError, match="a connection to fetch them"):
        load("tiny", "cpu")
    assert [path.name for path in cache.iterdir()] == ["tiny.pt"]


@pytest.mark.parametrize("device", ["cuda:9", "gpu", "cpu:x"])
def test_a_device_that_is_not_there(device: str) -> None:
    with pytest.raises(ModelError, match="expected a device that this machine"):
        load("demo", device)
