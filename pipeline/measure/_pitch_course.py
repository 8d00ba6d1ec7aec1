"""The cheapest course through the pitch candidates of many stretches at once (Viterbi)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pipeline.settings import PitchSettings

FloatArray = npt.NDArray[np.float32]


def cheapest(
    local: FloatArray, log2_hz: FloatArray, settings: PitchSettings
) -> npt.NDArray[np.intp]:
    """The state of every frame on the cheapest course through each piece, [pieces, frames].

    A step as small as a voice's own slopes is free; a jump costs in proportion to its size, up to a
    limit, because a voice can break.

    Args:
        local: cost of every state, [pieces, frames, candidates + 1]; the last state is unvoiced.
        log2_hz: where the candidates lie, [pieces, frames, candidates].
        settings: costs of the steps.
    """
    step = _steps(np.ascontiguousarray(log2_hz.transpose(1, 2, 0)), settings)
    here = np.ascontiguousarray(local.transpose(1, 2, 0))  # [frames, states, pieces]
    for frame in range(1, len(here)):  # the cheapest way to each state of each frame
        reached = step[frame - 1]
        reached += here[frame - 1][:, None]
        here[frame] += np.minimum.reduce(reached)
    pieces = np.arange(len(local))
    course = np.empty((len(here), len(local)), np.intp)
    course[-1] = here[-1].argmin(axis=0)
    for frame in range(len(here) - 1, 0, -1):  # and the way back
        course[frame - 1] = step[frame - 1][:, course[frame], pieces].argmin(axis=0)
    return course.T


def _steps(log2_hz: FloatArray, settings: PitchSettings) -> FloatArray:
    """Cost of every step between two frames, [frames - 1, from, to, pieces]."""
    frames, candidates, pieces = log2_hz.shape
    shape = (max(frames - 1, 0), candidates + 1, candidates + 1, pieces)
    step = np.full(shape, settings.voicing_change, np.float32)
    step[:, -1, -1] = 0
    jump = np.abs(log2_hz[:-1, :, None] - log2_hz[1:, None])
    jump -= np.float32(settings.jump_free_octaves)
    jump *= np.float32(settings.jump_per_octave)
    np.clip(jump, 0, np.float32(settings.jump_most), out=step[:, :-1, :-1])
    return step
