"""Syllables from sound alone: nuclei as peaks of the voiced energy envelope.

Every syllable has a nucleus that is louder and more open than its neighbours (Pfitzinger,
Burger & Heid 1996, ICSLP, 1261-1264). As in De Jong & Wempe (2009, Behavior Research Methods 41,
385-390) the nuclei are peaks that are voiced; as in Morgan & Fosler-Lussier (1998, ICASSP, 729-732)
and Wang & Narayanan (2007, IEEE TASLP 15, 2190-2201) several sub-bands vote. New is that a peak is
not taken or left: it counts by how far it stands out, and a straight line turns the sum into
syllables.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks

from pipeline.measure.channel import FloatArray
from pipeline.measure.frames import FRAME_S, bridged
from pipeline.measure.spectrum import Bands, centres_hz
from pipeline.settings import NucleiSettings
from pipeline.timeline import Span, total, union

Float64Array = npt.NDArray[np.float64]

_SUB_BANDS_HZ = ((200.0, 3600.0), (400.0, 1200.0), (900.0, 2500.0))
_LOUD = 0.75
"""The envelope's unit is this quantile of its voiced frames: the speaker's loud vowels."""
_CLOSEST_S = 0.06
_PROMINENCE_WITHIN_S = 1.0
_LEAST_VOICED_S = 0.3
_CLEAR = 0.6
_FRAMES_AT_ONCE = 20_000
_BETWEEN_VOICED_S = 0.25
"""Unvoiced consonants and closures within talk are shorter than this."""


@dataclass(frozen=True, slots=True, eq=False)
class Nuclei:
    """Where a channel has syllable nuclei.

    Attributes:
        times: seconds, ascending, one for every estimated syllable.
        peaks: seconds, ascending: where the sub-bands' envelopes have their peaks.
        weights: syllables that each peak stands for, before ``per_second`` is taken off.
        per_second: the peaks that each second of speech has without a syllable.
        usual_syl_s: syllables per second of the channel's talk, 0 where there is none.
        usual_s: how many seconds of talk at that rate a stretch's own count is weighed with.
    """

    times: Float64Array
    peaks: Float64Array
    weights: Float64Array
    per_second: float
    usual_syl_s: float = 0.0
    usual_s: float = 0.0

    def syllables(self, spans: Iterable[Span]) -> float:
        """Estimated syllables within ``spans``; none where nothing was heard.

        A second of talk has four peaks or so, each of them unsure: its count alone says little.
        So it is drawn towards the rate at which this speaker usually talks, the less the longer
        the stretch (the estimator of James & Stein 1961, Proc. 4th Berkeley Symp., 361-379).
        """
        spans = union(spans)
        bounds = np.searchsorted(self.peaks, [(span.start, span.end) for span in spans])
        heard = sum(self.weights[first:last].sum() for first, last in bounds)
        if heard <= 0:
            return 0.0
        seconds = total(spans)
        own = max(0.0, float(heard) - self.per_second * seconds)
        return seconds * (own + self.usual_s * self.usual_syl_s) / (seconds + self.usual_s)

    def clear(self) -> Float64Array:
        """Peaks that stand out in a sub-band, or half stand out in several; seconds, ascending."""
        if not len(self.peaks):
            return self.peaks
        first = np.concatenate(([0], np.flatnonzero(np.diff(self.peaks) > _CLOSEST_S / 2) + 1))
        return np.asarray(self.peaks[first][np.add.reduceat(self.weights, first) >= _CLEAR])


def nuclei(bands: Bands, voicing: FloatArray, settings: NucleiSettings) -> Nuclei:
    """Syllable nuclei of one channel.

    Args:
        bands: its band levels, 10 ms frames; silent where nobody is looked for.
        voicing: probability that each frame is voiced, 0 to 1.
        settings: stage settings.

    Returns:
        none at all where under 0.3 s is voiced, as in noise, tones and silence.
    """
    count = min(len(voicing), len(bands))
    voiced = voicing[:count] > 0.5
    if np.count_nonzero(voiced) * FRAME_S < _LEAST_VOICED_S:
        return Nuclei(np.zeros(0), np.zeros(0), np.zeros(0), settings.offset_syl_s)
    gain = np.sqrt(np.clip(voicing[:count], settings.unvoiced, 1.0))
    peaks = [
        _peaks(_loudness(bands, _within(low, high), gain, settings), voiced, settings)
        for low, high in _SUB_BANDS_HZ
    ]
    times = np.concatenate([found for found, _ in peaks])
    weights = np.concatenate([weight for _, weight in peaks])
    order = np.argsort(times, kind="stable")
    times, weights = times[order], weights[order] * settings.slope / len(_SUB_BANDS_HZ)
    talk_s = float(np.count_nonzero(bridged(voiced, _BETWEEN_VOICED_S))) * FRAME_S
    one_each = _one_each(times, weights, settings.offset_syl_s * talk_s)
    usual = max(0.0, float(weights.sum()) / talk_s - settings.offset_syl_s)
    return Nuclei(one_each, times, weights, settings.offset_syl_s, usual, settings.usual_s)


def _one_each(peaks: Float64Array, weights: Float64Array, too_many: float) -> Float64Array:
    """An instant for every syllable: where the sum of peaks passes a half, then one and a half."""
    sums = np.cumsum(weights)
    share = max(0.0, 1 - too_many / sums[-1]) if len(sums) else 0.0
    passed = np.arange(0.5, share * sums[-1] if share else 0.0)
    return np.asarray(peaks[np.searchsorted(share * sums, passed)])


def _within(low: float, high: float) -> npt.NDArray[np.bool_]:
    return np.asarray((centres_hz() > low) & (centres_hz() < high))


def _loudness(
    bands: Bands, chosen: npt.NDArray[np.bool_], gain: Float64Array, settings: NucleiSettings
) -> Float64Array:
    """Mean loudness of some bands per frame, weighted by voice; made in pieces, for long calls."""
    # Loudness grows with about the third power of intensity (Stevens 1955, JASA 27, 815-829).
    exponent = settings.loudness_exponent
    loudness = np.empty(len(gain))
    for first in range(0, len(gain), _FRAMES_AT_ONCE):
        last = min(first + _FRAMES_AT_ONCE, len(gain))
        level_db = bands.levels(first, last)[:, chosen]
        loudness[first:last] = np.mean(10 ** (exponent / 10 * level_db), axis=1)
    return np.asarray(loudness * gain**exponent)


def _peaks(
    loudness: Float64Array, voiced: npt.NDArray[np.bool_], settings: NucleiSettings
) -> tuple[Float64Array, Float64Array]:
    """Times of one sub-band's peaks, and how much each counts, 0 to 1."""
    unit = float(np.quantile(loudness[voiced], _LOUD))
    smooth = gaussian_filter1d(loudness / unit, settings.smoothing_s / FRAME_S)
    at, shape = find_peaks(
        smooth,
        prominence=1e-4,
        distance=round(_CLOSEST_S / FRAME_S),
        wlen=round(2 * _PROMINENCE_WITHIN_S / FRAME_S) + 1,
    )
    standing_out = shape["prominences"] / settings.prominence
    return (at + 0.5) * FRAME_S, 1 - np.exp(-np.square(standing_out))
