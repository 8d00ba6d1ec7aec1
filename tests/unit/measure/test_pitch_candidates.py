import numpy as np

from pipeline.measure._pitch_candidates import CANDIDATES, NEVER, Found


def test_candidates_come_back_in_the_frames_that_they_were_found_in():
    chance = np.random.default_rng(5)
    maybe = chance.random(1000) < 0.4
    count = int(maybe.sum())
    found = Found.room(1000)
    found.voicing[:], found.maybe[:] = chance.random(1000), maybe
    found.log2_hz[:count] = chance.random((count, CANDIDATES))
    found.cost[:count] = chance.random((count, CANDIDATES))
    seen = np.full((1000, CANDIDATES), np.nan)
    for here, inside, near in found.parts(270, 60):
        assert len(near.voicing) <= 270 + 2 * 60
        assert np.array_equal(near.voicing[inside], found.voicing[here])
        assert (near.cost[inside][~maybe[here]] == NEVER).all()
        seen[here] = np.where(maybe[here][:, None], near.log2_hz[inside], np.nan)
        around = slice(here.start - inside.start, here.start - inside.start + len(near.voicing))
        assert np.array_equal(near.voicing, found.voicing[around])
    assert np.array_equal(seen[maybe], found.log2_hz[:count])
    assert np.isnan(seen[~maybe]).all()
