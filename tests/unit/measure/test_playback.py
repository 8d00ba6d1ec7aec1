import io

import av
import numpy as np
import pytest

from pipeline.measure.channel import Channel, from_samples
from pipeline.measure.playback import encode


def tone(hz: float, seconds: float, rate: int) -> Channel:
    return from_samples(
        0.3 * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate), rate
    )


def decoded(data: bytes) -> np.ndarray:
    with av.open(io.BytesIO(data)) as container:
        return np.concatenate([f.to_ndarray() for f in container.decode(audio=0)], axis=1)


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 44100, 48000])
def test_each_channel_keeps_its_sound_and_its_time(rate: int) -> None:
    sound = decoded(encode([tone(440, 61.0, rate), tone(1000, 61.0, rate)]))
    assert sound.shape[1] / 48000 == pytest.approx(61.0, abs=0.05)
    for channel, hz in zip(sound, (440, 1000), strict=True):
        spectrum = np.abs(np.fft.rfft(channel[48000 : 2 * 48000]))
        assert np.argmax(spectrum) == pytest.approx(hz, abs=2)


def test_the_same_sound_is_the_same_bytes() -> None:
    channel = tone(440, 2.0, 8000)
    assert encode([channel]) == encode([channel])


def test_one_channel_stays_one() -> None:
    assert decoded(encode([tone(440, 1.0, 8000)])).shape[0] == 1
