"""What a node is asked before it may work; Ray is not needed to ask it."""

from pathlib import Path

import msgspec
import pytest

from pipeline.batch.member import Charge, Member
from pipeline.batch.plan import plan_of
from pipeline.batch.tasks import Equipment
from pipeline.errors import QinheError
from pipeline.settings import load_measure_settings


@pytest.fixture
def charge(tmp_path: Path) -> Charge:
    settings = load_measure_settings()
    equipment = Equipment(
        settings=settings, model=None, device=None, rubric=None, files=tmp_path,
        memory_mb=2048, threads=1,
    )  # fmt: skip
    return Charge(equipment, plan_of(settings, None, network=False), network=False)


def test_a_node_that_does_not_see_the_files_says_so(charge: Charge, tmp_path: Path) -> None:
    said = Member().start((charge, "mark"))
    assert isinstance(said, QinheError)
    assert f"does not see the store's files in {tmp_path}" in str(said)


def test_a_node_that_would_measure_otherwise_says_how(charge: Charge, tmp_path: Path) -> None:
    (tmp_path / "mark").touch()
    newer = msgspec.structs.replace(charge.plan, version="9999", shipped={})
    said = Member().start((charge._replace(plan=newer), "mark"))
    assert isinstance(said, QinheError)
    assert "would measure otherwise than this machine (version, shipped)" in str(said)
