"""Raters against each other and the system against them, on one criterion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Final

import numpy as np

from pipeline.agreement import coefficients as c
from pipeline.agreement import figures
from pipeline.agreement.coefficients import Array
from pipeline.agreement.figures import Figure, Redrawn, figure, missing
from pipeline.agreement.prevalence import Said, cautions, majority, prevalence
from pipeline.agreement.ratings import CODES, Ratings
from pipeline.scorecard import Text
from pipeline.store.marks import MAJORITY, SYSTEM
from pipeline.values import Value

Values = Mapping[str, Array]
"""Coefficient -> its value on all calls and on the redrawn ones; left out where it makes no sense.
"""


class Coefficients(Value, frozen=True, kw_only=True):
    """How well two, or several, agree.

    Attributes:
        same: the share of marks that are the same, 0 to 1.
        kappa: Cohen's; of several raters the mean over pairs (Light 1971).
        linear, quadratic: weighted kappa, of numbers.
        ac: Gwet's AC1; of numbers with steps AC2 with quadratic weights.
        alpha: Krippendorff's, nominal for verdicts and interval for numbers.
        icc: of single marks, absolute agreement: ICC(2,1) of Shrout & Fleiss.
        apart: mean absolute difference of numbers.
        difference: first less second: of numbers their means', of verdicts the share of met.
    """

    same: Figure
    kappa: Figure
    linear: Figure
    quadratic: Figure
    ac: Figure
    alpha: Figure
    icc: Figure
    apart: Figure
    difference: Figure


class Pair(Value, frozen=True, kw_only=True):
    """Two who marked the same calls.

    Attributes:
        table: how often the first said the row's category and the second the column's; ``None``
            where numbers have no steps.
    """

    first: str
    second: str
    coefficients: Coefficients
    table: tuple[tuple[int, ...], ...] | None


class Compared(Value, frozen=True, kw_only=True):
    """What came of one criterion.

    Attributes:
        among: raters with each other: what the system can hope for.
        icc: every form (`coefficients.ICC_FORMS`) among the raters.
        system: the system with each rater, on average.
        gap: the system's kappa (of numbers: quadratic) less the raters', on what it judged.
        pairs: rater by rater.
        with_system: the system and each rater, then the system and what most say.
        ties: units on which raters are split evenly.
    """

    among: Coefficients
    icc: dict[str, Figure]
    system: Coefficients
    gap: Figure
    pairs: tuple[Pair, ...]
    with_system: tuple[Pair, ...]
    prevalence: tuple[Said, ...]
    ties: int
    cautions: tuple[Text, ...]


NAMES: Final = Coefficients.__struct_fields__


def compare(ratings: Ratings, draws: int, seed: int) -> Compared:
    """Everything on one criterion; the same seed redraws the same calls."""
    redrawn = Redrawn(ratings.calls, draws, seed)
    columns = dict(zip(ratings.raters, ratings.values.T, strict=True))
    pairs = [
        (a, b, _two(columns[a], columns[b], ratings, redrawn)) for a, b in combinations(columns, 2)
    ]
    heard = ratings.unheard is None
    system = [
        (SYSTEM, rater, _two(ratings.system, column, ratings, redrawn))
        for rater, column in columns.items()
        if heard
    ]
    among, icc = _joint(ratings, pairs, redrawn)
    columns[SYSTEM] = ratings.system
    told, ties = list(system), 0
    if ratings.scale is None:
        columns[MAJORITY], ties = majority(ratings)
        most = SYSTEM, MAJORITY, _two(ratings.system, columns[MAJORITY], ratings, redrawn)
        told += [most] if heard else []
    return Compared(
        among=among,
        icc=icc,
        system=_figures(_mean(system), ratings, _judged(ratings, redrawn), ratings.unheard),
        gap=_gap(ratings, redrawn),
        pairs=tuple(_pair(each, columns, ratings, redrawn) for each in pairs),
        with_system=tuple(_pair(each, columns, ratings, redrawn) for each in told),
        prevalence=tuple(prevalence(ratings)),
        ties=ties,
        cautions=tuple(cautions(ratings, redrawn)),
    )


# ── Two ──────────────────────────────────────────────────────────────────────────────────────────


def _two(first: Array, second: Array, ratings: Ratings, redrawn: Redrawn) -> dict[str, Array]:
    both = np.column_stack([first, second])
    # What only one of the two marked tells nothing of how they agree.
    both[np.isnan(both).any(-1)] = np.nan
    values: dict[str, Array] = {}
    if ratings.levels:
        codes = ratings.codes(both)
        features = c.table_features(codes[:, 0], codes[:, 1], len(ratings.levels))
        values |= _of_tables(redrawn.sums(features), ratings)
        values["ac"] = _ac(both, ratings, redrawn)
    if ratings.scale is None:
        met = np.where(np.isnan(both), np.nan, both == CODES["met"])
        values["difference"] = redrawn.values(c.moment_features(*met.T), c.mean_difference)
        counts = c.counts_of(both, len(ratings.levels))
        values["alpha"] = redrawn.values(c.nominal_features(counts), c.nominal_alpha)
        return values
    sums = redrawn.sums(c.moment_features(*both.T))
    return values | {
        "same": c.same_number(sums),
        "apart": c.mean_distance(sums),
        "difference": c.mean_difference(sums),
        "quadratic": c.quadratic_kappa(sums),
        "alpha": redrawn.values(c.interval_features(both), c.interval_alpha),
        "icc": redrawn.values(c.icc_features(both), lambda sums: c.icc(sums)["2,1"]),
    }


def _of_tables(sums: Array, ratings: Ratings) -> dict[str, Array]:
    same = c.identity_weights(len(ratings.levels))
    values = {"same": c.percent_agreement(sums, same), "kappa": c.cohen_kappa(sums, same)}
    if ratings.scale is not None:
        values["linear"] = c.cohen_kappa(sums, c.linear_weights(np.array(ratings.levels)))
    return values


def _ac(values: Array, ratings: Ratings, redrawn: Redrawn) -> Array:
    """AC1 of verdicts, AC2 with quadratic weights of numbers with steps."""
    levels = np.array(ratings.levels)
    verdicts = ratings.scale is None
    weights = c.identity_weights(len(levels)) if verdicts else c.quadratic_weights(levels)
    features = c.gwet_features(c.counts_of(ratings.codes(values), len(levels)), weights)
    return redrawn.values(features, lambda sums: c.gwet_ac(sums, weights))


def _pair(
    given: tuple[str, str, Values], columns: Mapping[str, Array], ratings: Ratings, redrawn: Redrawn
) -> Pair:
    first, second, values = given
    both = ~(np.isnan(columns[first]) | np.isnan(columns[second]))
    return Pair(
        first=first,
        second=second,
        coefficients=_figures(values, ratings, redrawn.shared(both)),
        table=_table(ratings.codes(columns[first]), ratings.codes(columns[second]), ratings),
    )


def _table(first: Array, second: Array, ratings: Ratings) -> tuple[tuple[int, ...], ...] | None:
    count = len(ratings.levels)
    if not count:
        return None
    cells = c.table_features(first, second, count).sum(0).reshape(count, count)
    return tuple(tuple(int(cell) for cell in row) for row in cells)


# ── Several ──────────────────────────────────────────────────────────────────────────────────────


def _mean(pairs: Sequence[tuple[str, str, Values]]) -> dict[str, Array]:
    """Of each coefficient, over the pairs for which it is defined."""
    names = {name for _, _, values in pairs for name in values}
    return {name: _nan_mean([values[name] for _, _, values in pairs]) for name in names}


def _nan_mean(arrays: Sequence[Array]) -> Array:
    stacked = np.array(arrays)
    count = (~np.isnan(stacked)).sum(0)
    mean: Array = np.nansum(stacked, axis=0) / np.where(count > 0, count, np.nan)
    return mean


def _joint(
    ratings: Ratings, pairs: Sequence[tuple[str, str, Values]], redrawn: Redrawn
) -> tuple[Coefficients, dict[str, Figure]]:
    """All raters at once where a coefficient takes more than two, else the mean over pairs."""
    calls = redrawn.shared((~np.isnan(ratings.values)).sum(-1) >= 2)
    if not calls:
        why = figures.ONE_RATER if len(ratings.raters) < 2 else figures.NONE_SHARED
        return _figures({}, ratings, 0, why), dict.fromkeys(c.ICC_FORMS, missing(why))
    values = _mean(pairs)
    del values["difference"]  # of whom from whom?
    if ratings.levels:
        values["ac"] = _ac(ratings.values, ratings, redrawn)
    if ratings.scale is not None:
        values["alpha"] = redrawn.values(c.interval_features(ratings.values), c.interval_alpha)
        return _figures(values, ratings, calls), _icc(ratings, redrawn)
    counts = c.counts_of(ratings.values, len(ratings.levels))
    features = c.gwet_features(counts, c.identity_weights(len(ratings.levels)))
    values["same"] = redrawn.values(features, c.gwet_agreement)
    values["alpha"] = redrawn.values(c.nominal_features(counts), c.nominal_alpha)
    return _figures(values, ratings, calls), {}


def _icc(ratings: Ratings, redrawn: Redrawn) -> dict[str, Figure]:
    """Every form, of the calls that every rater marked."""
    whole = redrawn.shared(~np.isnan(ratings.values).any(-1))
    forms = c.icc(redrawn.sums(c.icc_features(ratings.values)))
    few = figures.TOO_FEW_WHOLE if whole < 2 else figures.ALL_SAME
    return {
        form: figure(forms[form], whole, few) if whole else missing(few) for form in c.ICC_FORMS
    }


def _figures(values: Values, ratings: Ratings, calls: int, why: Text | None = None) -> Coefficients:
    """Each coefficient as a figure; ``why``: there are none at all, for this reason."""
    senseless = _SENSELESS_OF_VERDICTS if ratings.scale is None else _SENSELESS_OF_NUMBERS

    def one(name: str) -> Figure:
        if why is not None:
            return missing(why)
        if name in values:
            return figure(values[name], calls)
        return missing(senseless.get(name, figures.BETWEEN_MANY), calls)

    return Coefficients(**{name: one(name) for name in NAMES})


_SENSELESS_OF_VERDICTS: Final = {
    "linear": figures.NO_ORDER,
    "quadratic": figures.NO_ORDER,
    "icc": figures.NO_NUMBERS,
    "apart": figures.NO_NUMBERS,
}
_SENSELESS_OF_NUMBERS: Final = dict.fromkeys(("kappa", "linear", "ac"), figures.NO_STEPS)


def _judged(ratings: Ratings, redrawn: Redrawn) -> int:
    """Calls that the system judged and somebody marked."""
    return redrawn.shared(~np.isnan(ratings.values).all(-1) & ~np.isnan(ratings.system))


def _gap(ratings: Ratings, redrawn: Redrawn) -> Figure:
    """On the units that the system judged, for both; and on the same redrawn calls, so that what
    is common to both does not widen the interval.
    """
    if ratings.unheard is not None:
        return missing(ratings.unheard)
    if len(ratings.raters) < 2:
        return missing(figures.ONE_RATER)
    judged = np.where(np.isnan(ratings.system)[:, None], np.nan, ratings.values)
    theirs = [_main(a, b, ratings, redrawn) for a, b in combinations(judged.T, 2)]
    ours = [_main(ratings.system, column, ratings, redrawn) for column in judged.T]
    return figure(_nan_mean(ours) - _nan_mean(theirs), _judged(ratings, redrawn))


def _main(first: Array, second: Array, ratings: Ratings, redrawn: Redrawn) -> Array:
    """The coefficient that says most: kappa of verdicts, weighted kappa of numbers."""
    if ratings.scale is not None:
        return redrawn.values(c.moment_features(first, second), c.quadratic_kappa)
    same = c.identity_weights(len(ratings.levels))
    features = c.table_features(first, second, len(same))
    return redrawn.values(features, lambda sums: c.cohen_kappa(sums, same))
