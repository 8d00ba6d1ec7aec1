"""Turn a training state into a checkpoint: python -m scripts.training.export STATE OUT."""

import argparse
from pathlib import Path

import torch

from scripts.training.learner import Learner


def export(state: Path, out: Path) -> int:
    """Write the checkpoint of a training state; returns the step that it was at."""
    learner = Learner()
    kept = torch.load(state, map_location="cpu", weights_only=True)
    learner.load_state_dict(kept["learner"])
    learner.export(out)
    return int(kept["step"])


def main() -> None:
    """Read the arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("state", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    step = export(given.state, given.out)
    print(f"{given.out}: step {step}, {given.out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
