"""Trains the pitch network.

    python -m scripts.training.pitch.network RECORDINGS... --out pipeline/models/pitch.npz

RECORDINGS are folders of speech in WAV files, any rate, the cleaner the better; espeak-ng adds more
voices. The shipped network heard the folders calls, mandarin and mono of the test data, never the
folder pitch, which it is validated on. Beyond the package's own requirements it needs pyworld,
swift-f0 and, because pyworld still asks for pkg_resources, setuptools below 81.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from swift_f0 import SwiftF0
from torch import Tensor, nn
from torch.nn import functional

from pipeline.measure import _pitch_posterior as posterior
from scripts.training.pitch.lines import example
from scripts.training.pitch.voices import (
    UNKNOWN,
    Chance,
    Take,
    Voice,
    played,
    recordings,
    spoken_again,
    synthetic,
    taken_apart,
)

WIDTH = 128
TAPS = 5
BATCH = 24
TOP_RATE = 3e-3
PITCH_SHARE = 0.3
"""Weight of knowing the pitch against knowing that there is one."""
PITCH_BLUR = 0.8
"""Standard deviation of the target, in bins."""


class _Block(nn.Module):
    """``x + W relu(conv(x))``."""

    def __init__(self, dilation: int) -> None:
        super().__init__()
        reach = dilation * (TAPS // 2)
        self.conv = nn.Conv1d(WIDTH, WIDTH, TAPS, dilation=dilation, padding=reach)
        self.mix = nn.Conv1d(WIDTH, WIDTH, 1)

    def forward(self, x: Tensor) -> Tensor:
        added: Tensor = self.mix(torch.relu(self.conv(x)))
        return x + added


class Network(nn.Module):
    """The trainable twin of `posterior.PitchModel`. [batch, features, frames] to logits."""

    def __init__(self) -> None:
        super().__init__()
        self.enter = nn.Conv1d(posterior.N_FEATURES, WIDTH, 1)
        self.blocks = nn.ModuleList(_Block(dilation) for dilation in posterior.DILATIONS)
        self.leave = nn.Conv1d(WIDTH, posterior.N_BINS + 1, 1)
        self.mean = nn.Buffer(torch.zeros(posterior.N_FEATURES, 1))
        self.spread = nn.Buffer(torch.ones(posterior.N_FEATURES, 1))

    def forward(self, features: Tensor) -> Tensor:
        x = torch.relu(self.enter((features - self.mean) / self.spread))
        for block in self.blocks:
            x = block(x)
        return self.leave(torch.relu(x))


def loss_of(logits: Tensor, f0_hz: Tensor) -> tuple[Tensor, Tensor]:
    """Cross-entropies of voicing (frames whose voicing is known) and of pitch (voiced frames)."""
    voiced, known = f0_hz > 0, f0_hz != UNKNOWN
    voicing = functional.binary_cross_entropy_with_logits(
        logits[:, -1][known], voiced[known].float()
    )
    bins = torch.arange(posterior.N_BINS)[None, :, None]
    octaves = torch.log2(torch.clamp(f0_hz, min=1) / posterior.LOWEST_HZ)
    off = (bins - posterior.BINS_PER_OCTAVE * octaves[:, None]) / PITCH_BLUR
    target = torch.softmax(-0.5 * off**2, dim=1)
    pitch = -(target * torch.log_softmax(logits[:, :-1], dim=1)).sum(dim=1)
    return voicing, pitch[voiced].mean()


def voices_from(folders: list[Path], espeak_voices: int, chance: Chance) -> list[Voice]:
    detector = SwiftF0(threads=1)
    sounds = [sound for folder in folders for sound in recordings(folder)]
    sounds += synthetic(espeak_voices, chance)
    return [taken_apart(sound, detector, chance) for sound in sounds]


def takes_from(voices: list[Voice], count: int, chance: Chance) -> list[Take]:
    """``count`` takes, a third of them the recordings themselves."""
    takes: list[Take] = []
    while len(takes) < count:
        voice = voices[int(chance.integers(len(voices)))]
        take = played(voice, chance) if chance.random() < 0.35 else spoken_again(voice, chance)
        if take is not None:
            takes.append(take)
    return takes


def batches(takes: list[Take], chance: Chance) -> Iterator[tuple[Tensor, Tensor]]:
    while True:
        drawn = [example(takes, chance) for _ in range(BATCH)]
        features = np.stack([features.T for features, _ in drawn])
        f0 = np.stack([f0 for _, f0 in drawn]).astype(np.float32)
        yield torch.from_numpy(features), torch.from_numpy(f0)


def train(source: Iterator[tuple[Tensor, Tensor]], steps: int) -> Network:
    """Adam with one cycle of the learning rate (Smith & Topin 2019); bfloat16 inside."""
    network = Network()
    features, _ = next(source)
    network.mean.copy_(features.mean((0, 2))[:, None])
    network.spread.copy_(features.std((0, 2))[:, None] + 1e-3)
    optimizer = torch.optim.AdamW(network.parameters(), lr=TOP_RATE, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, TOP_RATE, total_steps=steps, pct_start=0.1
    )
    begun = time.monotonic()
    for step in range(1, steps + 1):
        features, f0 = next(source)
        with torch.autocast("cpu", torch.bfloat16):
            logits = network(features)
        voicing, pitch = loss_of(logits.float(), f0)
        optimizer.zero_grad()
        (voicing + PITCH_SHARE * pitch).backward()
        nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimizer.step()
        schedule.step()
        if step % 50 == 0:
            spent = time.monotonic() - begun
            print(f"{step:6d}  voicing {voicing:.4f}  pitch {pitch:.4f}  {spent:.0f} s", flush=True)
    return network


def exported(network: Network) -> dict[str, npt.NDArray[np.float64]]:
    """The arrays of a `posterior.PitchModel`; scaling the input is folded into the first layer."""
    state = {name: value.detach().double().numpy() for name, value in network.state_dict().items()}
    mean, spread = state["mean"][:, 0], state["spread"][:, 0]
    enter = state["enter.weight"][:, :, 0].T / spread[:, None]
    arrays = {"enter_w": enter, "enter_b": state["enter.bias"] - mean @ enter}
    for number in range(len(posterior.DILATIONS)):
        block = f"blocks.{number}"
        arrays[f"conv{number}_w"] = state[f"{block}.conv.weight"].transpose(2, 1, 0)
        arrays[f"conv{number}_b"] = state[f"{block}.conv.bias"]
        arrays[f"mix{number}_w"] = state[f"{block}.mix.weight"][:, :, 0].T
        arrays[f"mix{number}_b"] = state[f"{block}.mix.bias"]
    return arrays | {"leave_w": state["leave.weight"][:, :, 0].T, "leave_b": state["leave.bias"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recordings", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--takes", type=int, default=2600)
    parser.add_argument("--espeak-voices", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    torch.manual_seed(arguments.seed)
    chance = np.random.default_rng(arguments.seed)
    voices = voices_from(arguments.recordings, arguments.espeak_voices, chance)
    takes = takes_from(voices, arguments.takes, chance)
    print(f"{len(voices)} stretches of speech, {len(takes)} takes", flush=True)
    arrays = exported(train(batches(takes, chance), arguments.steps))
    halves = {n: a.astype(np.float16 if a.ndim > 1 else np.float32) for n, a in arrays.items()}
    np.savez_compressed(arguments.out, allow_pickle=False, **halves)


if __name__ == "__main__":
    main()
