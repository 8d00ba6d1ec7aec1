"""Training material whose F0 must be what it says, and a network that must survive its export."""

import numpy as np
import pytest

from pipeline.measure import _pitch_posterior as posterior

pytest.importorskip("pyworld", reason="pyworld is needed for training only")
torch = pytest.importorskip("torch")

from scripts.training.pitch import lines, network, voices  # noqa: E402


def chance(seed=3):
    return np.random.default_rng(seed)


def pulsed_voice():
    """Two seconds of WORLD parameters, voiced but for the middle half second."""
    frames, bins = 400, 513
    f0 = np.full(frames, 150.0)
    f0[150:250] = 0
    envelope = np.log(np.linspace(1e-3, 1e-6, bins))[None].repeat(frames, 0)
    return voices.Voice(
        sound=0.1 * chance().standard_normal(frames * 80),
        log_envelope=envelope.astype(np.float32),
        aperiodicity=np.full((frames, bins), 0.01, np.float32),
        f0_hz=f0,
        certain_hz=np.where(np.arange(frames) < 50, voices.UNKNOWN, f0),
    )


def periods_off(take, frames):
    """At each frame, how far the autocorrelation's summit lies from the take's period, relative."""
    off = []
    for frame in frames:
        period = voices.RATE / take.f0_hz[frame]
        reach = round(2.5 * period)
        around = take.sound[frame * 80 - reach : frame * 80 + reach]
        lags = np.arange(round(0.75 * period), round(1.4 * period) + 1)
        likeness = [np.dot(around[:-lag], around[lag:]) / (len(around) - lag) for lag in lags]
        off.append(abs(lags[int(np.argmax(likeness))] - period) / period)
    return np.array(off)


def test_a_voice_spoken_again_has_the_f0_that_its_take_says():
    take = voices.spoken_again(pulsed_voice(), chance())
    voiced = take.f0_hz > 0
    assert voiced[10:70].all()
    assert not voiced[80:120].any()
    assert np.median(periods_off(take, np.flatnonzero(voiced)[10:-10])) < 0.03


def test_a_voice_played_faster_is_as_much_higher():
    take = voices.played(pulsed_voice(), chance())
    heard = take.f0_hz[take.f0_hz > 0]
    speed = np.median(heard) / 150
    assert 0.72 <= speed <= 1.4
    np.testing.assert_allclose(heard, 150 * speed, rtol=1e-6)
    unknown = (take.f0_hz == voices.UNKNOWN).sum()
    assert unknown == pytest.approx(25 / speed, abs=2)


def test_hardly_any_voice_is_no_take():
    voice = pulsed_voice()
    voice.f0_hz[:] = 0
    assert voices.spoken_again(voice, chance()) is None


def test_pulses_come_once_a_period():
    off = []
    for seed in range(6):
        take = voices.pulses(6.0, chance(seed))
        f0 = np.lib.stride_tricks.sliding_window_view(take.f0_hz, 11)
        steady = 5 + np.flatnonzero((f0.min(axis=1) > 60) & (np.ptp(f0, axis=1) < 3))
        off.extend(periods_off(take, steady[(steady > 10) & (steady < 590)]))
    assert len(off) > 200
    assert np.median(off) < 0.03


def test_an_example_is_what_the_network_takes():
    takes = [voices.spoken_again(pulsed_voice(), chance(seed)) for seed in range(3)]
    source = chance()
    for _ in range(12):
        features, f0 = lines.example(takes, source)
        assert features.shape == (lines.FRAMES, posterior.N_FEATURES)
        assert np.isfinite(features).all()
        assert f0.shape == (lines.FRAMES,)
        assert ((f0 >= 0) | (f0 == voices.UNKNOWN)).all()


def test_the_exported_network_answers_as_the_trained_one():
    torch.manual_seed(0)
    trained = network.Network().eval()
    trained.mean.copy_(torch.randn_like(trained.mean))
    trained.spread.copy_(1 + torch.rand_like(trained.spread))
    features = chance().standard_normal((90, posterior.N_FEATURES)).astype(np.float32)
    with torch.no_grad():
        truth = trained(torch.from_numpy(features.T[None].copy()))[0].T.numpy()
    arrays = {n: a.astype(np.float32) for n, a in network.exported(trained).items()}
    model = posterior.PitchModel(arrays, "")
    found = model.logits(features)
    np.testing.assert_allclose(found, truth[model.reach : -model.reach], atol=2e-3)


def test_training_learns(monkeypatch):
    """A dozen steps on one batch: both losses fall."""
    takes = [voices.spoken_again(pulsed_voice(), chance(seed)) for seed in range(3)]
    monkeypatch.setattr(network, "BATCH", 2)
    batch = next(network.batches(takes, chance()))
    torch.manual_seed(0)
    before = network.loss_of(network.train(iter([batch] * 3), 2)(batch[0]), batch[1])
    torch.manual_seed(0)
    after = network.loss_of(network.train(iter([batch] * 15), 14)(batch[0]), batch[1])
    assert after[0] < before[0]
    assert after[1] < before[1]
