"""Takes units out of a trained pitch network that do hardly anything.

    python -m scripts.training.pitch.pruning RECORDINGS... --out pipeline/models/pitch.npz

Training leaves an eighth of the hidden units dead, and others repeat each other. After Hassibi &
Stork (1993, NIPS 5, 164-171, "optimal brain surgeon"), block by block, the unit goes whose leaving
costs least once the others' weights are fitted anew to what the block said before. Heard are
recordings (never the folder pitch, on which the network is validated) as they are and through
noise, several at once, pulses of every pitch, and what must stay unvoiced: tones, keys, noise.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import soxr
from scipy.signal import butter, lfilter, sosfilt

from pipeline.measure import _pitch_posterior as posterior
from pipeline.measure import pitch
from pipeline.measure._pitch_posterior import FloatArray, PitchModel

KEPT = (96, 96, 112, 64)
"""Units of each block: FDA is followed as well as with all 128, to a frame or two."""
LONGEST_S, MOST_FRAMES = 60.0, 1600

Float64Array = npt.NDArray[np.float64]


def pruned(model: PitchModel, heard: Sequence[FloatArray], kept: Sequence[int]) -> PitchModel:
    """The network with fewer hidden units.

    Args:
        model: trained.
        heard: `PitchModel.entered` of sounds that show what the units do.
        kept: units that each block keeps.
    """
    arrays, x = dict(model.arrays), list(heard)
    for number, (dilation, count) in enumerate(zip(posterior.DILATIONS, kept, strict=True)):
        units = [model.block(part, number) for part in x]
        stacked = np.concatenate(units).astype(np.float64)
        chosen, weights = _fitted(stacked, arrays[f"mix{number}_w"].astype(np.float64), count)
        means = stacked.mean(axis=0)
        bias = arrays[f"mix{number}_b"] + means @ arrays[f"mix{number}_w"] - means[chosen] @ weights
        arrays[f"conv{number}_w"] = arrays[f"conv{number}_w"][:, :, chosen]
        arrays[f"conv{number}_b"] = arrays[f"conv{number}_b"][chosen]
        arrays[f"mix{number}_w"] = weights.astype(np.float32)
        arrays[f"mix{number}_b"] = bias.astype(np.float32)
        x = [
            before[2 * dilation : len(before) - 2 * dilation]
            + (part[:, chosen] @ weights + bias).astype(np.float32)
            for before, part in zip(x, units, strict=True)
        ]
    return PitchModel(arrays, model.sha256)


def _fitted(
    units: Float64Array, weights: Float64Array, count: int
) -> tuple[list[int], Float64Array]:
    """(the units that stay, their weights) so that ``units @ weights`` changes least."""
    covariance = np.cov(units, rowvar=False)
    ridge = 1e-8 * np.trace(covariance) / len(covariance)
    inverse = np.linalg.inv(covariance + ridge * np.eye(len(covariance)))
    chosen = list(range(len(weights)))
    while len(chosen) > count:
        least = int(np.argmin(np.square(weights).sum(axis=1) / np.diag(inverse)))
        share = inverse[:, least] / inverse[least, least]
        weights = np.delete(weights - np.outer(share, weights[least]), least, axis=0)
        inverse = inverse - np.outer(share, inverse[least])
        inverse = np.delete(np.delete(inverse, least, axis=0), least, axis=1)
        del chosen[least]
    return chosen, weights


def sounds(folders: Sequence[Path], chance: np.random.Generator) -> Iterator[Float64Array]:
    """What the units are watched on, 8 kHz."""
    clean = [sound for folder in folders for sound in _recordings(folder)]
    for sound in clean:
        yield sound
        loud = np.std(sound[np.abs(sound) > np.abs(sound).max() / 50])
        hiss = loud * 10 ** (-chance.uniform(3, 25) / 20)
        yield sound + hiss * chance.standard_normal(len(sound))
    several = [clean[int(n)] for n in chance.integers(len(clean), size=24)]
    for first in range(0, len(several), 4):
        group = several[first : first + 4]
        yield 0.3 * np.sum([part[: min(map(len, group))] for part in group], axis=0)
    time = np.arange(2 * posterior.RATE_HZ) / posterior.RATE_HZ
    for hz in (350, 400, 425, 440, 450, 480, 620, 697, 941, 1000, 1209, 1477, 2100):
        tone = 0.2 * np.sin(2 * np.pi * hz * time)
        yield tone + 1e-4 * chance.standard_normal(len(time))
        yield tone + 0.2 * np.sin(2 * np.pi * 480 * time)
    for size in (1e-4, 0.1):
        yield size * chance.standard_normal(len(time))
    for hz in np.geomspace(55, 560, 15):
        yield _pulses(hz * 2 ** (0.1 * chance.random() * np.sin(20 * time)), chance)


def _pulses(hz: Float64Array, chance: np.random.Generator) -> Float64Array:
    """Glottal pulses through drawn formants, with some breath."""
    cycles = np.cumsum(hz / posterior.RATE_HZ)
    sound = np.diff(np.floor(cycles), prepend=0) + 0.01 * chance.standard_normal(len(hz))
    sound = lfilter([1], [1, -0.9], sound)
    for low, high in ((300, 900), (900, 2200), (2200, 3300)):
        angle = 2 * np.pi * chance.uniform(low, high) / posterior.RATE_HZ
        sound = lfilter([1], [1, -1.93 * np.cos(angle), 0.93], sound)
    line = butter(2, [300, 3400], "bandpass", fs=posterior.RATE_HZ, output="sos")
    return np.asarray(sosfilt(line, 0.3 * sound / np.abs(sound).max()))


def _recordings(folder: Path) -> Iterator[Float64Array]:
    for path in sorted(folder.glob("*.wav")):
        sound, rate = soundfile.read(path, always_2d=True)
        for channel in sound[: round(LONGEST_S * rate)].T:
            if np.abs(channel).max() > 0.001:
                yield soxr.resample(channel, rate, posterior.RATE_HZ)


def heard(model: PitchModel, sound: Float64Array) -> FloatArray | None:
    """`PitchModel.entered` of one sound; ``None`` where it is silent or too short."""
    whole = sound[: len(sound) // posterior.HOP * posterior.HOP].astype(np.float32)
    context = posterior.level_context(posterior.levels(whole))
    count = min(len(whole) // posterior.HOP, MOST_FRAMES)
    if context is None or count <= 2 * model.reach:
        return None
    around = np.pad(whole, posterior.CONTEXT)
    return model.entered(posterior.features(around, count, context))


def main() -> None:
    """Write the smaller network."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recordings", type=Path, nargs="+")
    parser.add_argument("--model", type=Path, help="the trained network; default: the shipped one")
    parser.add_argument("--keep", type=int, nargs=len(KEPT), default=KEPT)
    parser.add_argument("--out", type=Path, required=True)
    wanted = parser.parse_args()
    model, chance = pitch.load_model(wanted.model), np.random.default_rng(0)
    told = [heard(model, sound) for sound in sounds(wanted.recordings, chance)]
    smaller = pruned(model, [part for part in told if part is not None], wanted.keep)
    matrices = {n: np.float16 if n.endswith("_w") else np.float32 for n in smaller.arrays}
    np.savez_compressed(
        wanted.out, **{name: each.astype(matrices[name]) for name, each in smaller.arrays.items()}
    )


if __name__ == "__main__":
    main()
