"""Voices steadier than any that speaks: held notes, machines' vowels.

The network learned that what does not move is a tone of the line, and where a voice's octave lies
among those (200 to 230 Hz, below 400 to 460) it takes a note that is held for one of them. A tone
has one line or two; a voice has harmonics in every resonance of the throat.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pipeline.measure import _pitch_posterior as posterior
from pipeline.measure.frames import Mask, without_short
from pipeline.settings import SteadySettings

FloatArray = npt.NDArray[np.float32]


def richness(described: FloatArray) -> npt.NDArray[np.int64]:
    """Bands of each frame that are not far below its strongest; ``described``: `features`."""
    bands = described[:, posterior.BANDS]
    near = bands > bands.max(axis=1, keepdims=True) - _FAR
    return np.asarray(np.count_nonzero(near, axis=1))


_FAR = np.float32(25 / 20)
"""25 dB, as the features have them."""


def held(
    logits: FloatArray, lags: FloatArray, bands: npt.NDArray[np.int64], settings: SteadySettings
) -> Mask:
    """Frames of one stretch that are voice beyond doubt, whatever the network says of voicing.

    Args:
        logits: `posterior.PitchModel.logits`.
        lags: the features `posterior.SHORT_LAGS`.
        bands: `richness`.
        settings: when it is beyond doubt.
    """
    sure = (bands >= settings.least_bands) & (lags.max(axis=1) >= settings.least_correlation)
    at = np.flatnonzero(sure & (logits[:, -1] < settings.odds))  # of the others nobody doubts it
    height = logits[at, :-1]
    best = height.argmax(axis=1)
    share = np.exp(height - height.max(axis=1, keepdims=True))
    padded = np.pad(share, ((0, 0), (2, 2)))
    mass = posterior.values_near(padded, best[:, None] + 2).sum(axis=(0, 2)) / share.sum(axis=1)
    sure[at] = (mass >= settings.certain) & (lags[at, best] >= settings.least_correlation)
    return without_short(sure, settings.least_s)
