"""What several rooms of tests share: sample calls, real recordings, programs."""

import os
import shutil
from pathlib import Path

import hypothesis
import pytest

# Examples are drawn anew on every machine but CI's, where a run must say the same twice.
hypothesis.settings.register_profile("local", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "local")

ROOT = Path(__file__).resolve().parent.parent
CALLS = ROOT / "tests" / "calls"


@pytest.fixture(scope="session")
def recordings() -> Path:
    """Real recordings beside the project; they are nobody's to ship."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no real recordings: {folder.name} is not beside the project")
    return folder


@pytest.fixture(scope="session")
def chromium() -> str:
    """A real browser."""
    return program("chromium", "chromium-browser", "google-chrome")


def program(*names: str) -> str:
    """The path of a program; without it a test is skipped, but never on CI."""
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(f"{names[0]} is missing: scripts/test installs it")
        pytest.skip(f"{names[0]} is not installed")
    return found
