"""Finds the setting that serves an objective best: every one where they are few, Optuna where not.

Both answer for any weighting of the calls, so that a part can be held out or drawn twice without
asking the judge again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np

from pipeline.tune.objective import Floats, Objective
from pipeline.tune.sample import Sample
from pipeline.tune.space import Space, verdicts

Place = tuple[int, ...]
EXHAUSTIVE: Final = 4096
"""Up to so many combinations, each is tried."""
TRIALS: Final = 150
"""As many of the others does Optuna try, each time."""


def weighed(flags: Floats, sample: Sample, weights: Floats) -> Floats:
    """The four counts of verdicts (settings x calls) under weights (calls, or calls x times).

    Returns:
        settings x 4, or settings x times x 4.
    """
    weights = weights.astype(flags.dtype)
    truth = sample.marked.astype(flags.dtype)
    bad = weights * (truth if weights.ndim == 1 else truth[:, None])
    hit, flagged = flags @ bad, flags @ weights
    every, overlooked = weights.sum(axis=0), bad.sum(axis=0) - hit
    parts = (hit, flagged - hit, overlooked, every - flagged - overlooked)
    return np.stack(parts, axis=-1).astype(np.float64)


class Search(Protocol):
    """Where the best setting is looked for."""

    space: Space

    def best(self, weights: Floats, free: Sequence[int]) -> Place:
        """The best place when only the ``free`` axes may leave the rubric's numbers."""

    def flags(self, places: Sequence[Place]) -> Floats:
        """Verdicts at places: places x calls, 1 where missed."""


class Exhaustive:
    """Tries every combination."""

    def __init__(self, space: Space, sample: Sample, objective: Objective) -> None:
        self.space = space
        self._sample, self._objective = sample, objective
        self._places = space.places()
        self._index = {place: at for at, place in enumerate(self._places)}
        self._grid = np.array(self._places, np.int64)
        self._flags = verdicts(sample.table, [space.setting(place) for place in self._places])

    def best(self, weights: Floats, free: Sequence[int]) -> Place:
        """Of several that are best alike: the rubric's own, otherwise the middle of them."""
        fixed = [axis for axis in range(len(self.space.axes)) if axis not in free]
        present = np.array(self.space.present)
        allowed = np.flatnonzero((self._grid[:, fixed] == present[fixed]).all(axis=1))
        scores = self._objective(weighed(self._flags[allowed], self._sample, weights))
        return _middle(self._grid[allowed], scores, self.space.present)

    def flags(self, places: Sequence[Place]) -> Floats:
        """Verdicts at places."""
        return self._flags[[self._index[place] for place in places]]


class ByOptuna:
    """Lets Optuna's tree-structured Parzen estimator (Bergstra et al. 2011) choose what to try."""

    def __init__(self, space: Space, sample: Sample, objective: Objective, seed: int) -> None:
        self.space = space
        self._sample, self._objective, self._seed = sample, objective, seed
        self._known: dict[Place, Floats] = {}

    def best(self, weights: Floats, free: Sequence[int]) -> Place:
        """The best of `TRIALS` places, the rubric's own among them."""
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        sampler = optuna.samplers.TPESampler(seed=self._seed, n_startup_trials=30)
        study = optuna.create_study(direction="maximize", sampler=sampler)
        present = self.space.present
        study.enqueue_trial({str(axis): present[axis] for axis in free})
        tried: dict[Place, float] = {}

        def score(trial: optuna.Trial) -> float:
            place = list(present)
            for axis in free:
                last = len(self.space.axes[axis].candidates) - 1
                place[axis] = trial.suggest_int(str(axis), 0, last)
            if not self.space.sane(place):
                raise optuna.TrialPruned
            at = tuple(place)
            if at not in tried:
                flags = self.flags([at])
                tried[at] = float(self._objective(weighed(flags, self._sample, weights))[0])
            return tried[at]

        study.optimize(score, n_trials=TRIALS)
        return _middle(np.array(list(tried), np.int64), np.array(list(tried.values())), present)

    def flags(self, places: Sequence[Place]) -> Floats:
        """Verdicts at places."""
        for place in places:
            if place not in self._known:
                self._known[place] = verdicts(self._sample.table, [self.space.setting(place)])[0]
        return np.stack([self._known[place] for place in places])


def search_of(space: Space, sample: Sample, objective: Objective, seed: int) -> Search:
    """Exhaustive where the grid is small enough for it."""
    if space.size <= EXHAUSTIVE:
        return Exhaustive(space, sample, objective)
    return ByOptuna(space, sample, objective, seed)


_ALIKE: Final = 1e-6
"""Counts are summed in single precision."""


def _middle(grid: Floats | np.ndarray, scores: Floats, present: Place) -> Place:
    """Of the best places the one with most of the rubric's own numbers, the rest in the middle."""
    best = grid[scores >= scores.max() - _ALIKE]
    for axis, own in enumerate(present):
        kept = best[:, axis] == own
        best = best[kept] if kept.any() else best
    middle = np.median(best, axis=0)
    nearest = np.abs(best - middle).sum(axis=1).argmin()
    return tuple(int(at) for at in best[nearest])
