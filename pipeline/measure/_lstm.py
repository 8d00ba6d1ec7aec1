"""Long short-term memory in NumPy (Hochreiter & Schmidhuber 1997), layers one above the other.

torch takes a quarter of the time, but a second and 200 MB to import: for few sequences this is
less.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.measure.channel import FloatArray

_AT_ONCE = 256
"""Sequences that go side by side."""


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One layer; gates in the order input, forget, cell, output.

    Attributes:
        weights: of a frame and, behind it, the layer's own last output,
            [4 x units, inputs + units]; those of the logistic gates halved, as they are computed
            by way of tanh.
        bias: [4 x units, 1].
    """

    weights: FloatArray
    bias: FloatArray

    @property
    def units(self) -> int:
        """Outputs."""
        return len(self.bias) // 4

    @property
    def inputs(self) -> int:
        """Values of a frame."""
        return int(self.weights.shape[1]) - self.units


def layers(weights: Mapping[str, FloatArray], count: int) -> tuple[Layer, ...]:
    """From the arrays of ``torch.nn.LSTM``, by their names there behind ``lstm.``."""
    return tuple(_layer(weights, number) for number in range(count))


def _layer(weights: Mapping[str, FloatArray], number: int) -> Layer:
    own, last, *biases = (
        weights[f"lstm.{name}_l{number}"]
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )
    half = np.repeat(np.array([0.5, 0.5, 1.0, 0.5], np.float32), len(own) // 4)[:, None]
    return Layer(np.hstack([own, last]) * half, (biases[0] + biases[1])[:, None] * half)


def last_outputs(stack: Sequence[Layer], sequences: Sequence[FloatArray]) -> FloatArray:
    """What the topmost layer says after each sequence, [sequences, units].

    Args:
        stack: the layers, the lowest first.
        sequences: [frames, inputs] each, of any lengths; a frame at least.
    """
    found = np.empty((len(sequences), stack[-1].units), np.float32)
    longest_first = np.argsort([-len(each) for each in sequences], kind="stable")
    for first in range(0, len(sequences), _AT_ONCE):
        chosen = longest_first[first : first + _AT_ONCE]
        found[chosen] = _side_by_side(stack, [sequences[number] for number in chosen])
    return found


def _side_by_side(stack: Sequence[Layer], sequences: Sequence[FloatArray]) -> FloatArray:
    """The same for a few, the longest first: as they end, fewer go on."""
    lengths = np.array([len(each) for each in sequences])
    frames = np.zeros((lengths[0], stack[0].inputs, len(sequences)), np.float32)
    for number, each in enumerate(sequences):
        frames[: len(each), :, number] = each
    # What each layer is told: a frame, and its own last output.
    told = [np.zeros((layer.weights.shape[1], len(sequences)), np.float32) for layer in stack]
    cells = [np.zeros((layer.units, len(sequences)), np.float32) for layer in stack]
    for time, below in enumerate(frames):
        on = int(np.count_nonzero(lengths > time))
        heard = below[:, :on]
        for layer, own, cell in zip(stack, told, cells, strict=True):
            own[: layer.inputs, :on] = heard
            heard = _step(layer, own[:, :on], cell[:, :on])
            own[layer.inputs :, :on] = heard
    return np.asarray(told[-1][stack[-1].inputs :].T)


def _step(layer: Layer, told: FloatArray, cell: FloatArray) -> FloatArray:
    """A layer's output to one frame of every sequence; ``cell`` is brought forward."""
    units = layer.units
    gates = layer.weights @ told
    gates += layer.bias
    np.tanh(gates, out=gates)
    opened, fresh, out = gates[: 2 * units], gates[2 * units : 3 * units], gates[3 * units :]
    for logistic in (opened, out):
        logistic += 1
        logistic *= 0.5
    cell *= opened[units:]
    fresh *= opened[:units]
    cell += fresh
    out *= np.tanh(cell)
    return out
