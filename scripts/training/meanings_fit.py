"""Fits one linear classifier per intent, and finds the probability from which it is right enough.

Squared hinge loss (`LinearSVC`, dual coordinate descent: Hsieh et al. 2008), then Platt's
logistic curve over scores of held-out themes. What is not labelled for an intent counts little as
a counter-example, and not at all where its phrase list finds it or a kindred intent was meant.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from scripts.training.meanings_space import Space
from scripts.training.meanings_texts import NO, UNSURE, YES, Sentence

Floats = npt.NDArray[np.float64]
Longs = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

FOLDS: Final = 5
COST: Final = 0.3
OTHERS, TALK, PIECE = 0.5, 0.15, 0.5
"""What a sentence of another intent, a line of talk, and a piece of a sentence weigh."""
OWN_ERRORS: Final = 0.05
"""Share of an intent's own counter-examples that may pass …"""
OTHER_ERRORS: Final = 0.003
"""… and of everything else that was written for other intents."""
MARGIN: Final = 1.0
"""Logits on top: talk that nobody wrote an example of strays further than held-out themes do."""
NEAR: Final = 10.0
"""An intent's own counter-examples weigh so much more than others' in Platt's curve."""


@dataclass(frozen=True)
class Corpus:
    """What there is to learn from, as rows of n-grams.

    ``T`` texts: the labelled sentences first, then talk that is not labelled.
    """

    sentences: tuple[Sentence, ...]
    talk: tuple[str, ...]
    listed: Mapping[str, frozenset[int]]
    """By intent: the texts that its phrase list finds."""
    kin: Mapping[str, frozenset[str]]
    whole: sparse.csr_matrix
    """A row a text (T)."""
    runs: sparse.csr_matrix
    """A row a run of pieces, as a call is looked at (R) …"""
    run_of: Longs
    """… and the text of each (R)."""
    single: Bools
    """Runs of one piece of a text that has several (R)."""
    fold: Longs
    """The fold that each text is held out in; -1 for talk (T)."""


@dataclass(frozen=True)
class Fitted:
    """One intent: its weights in logits, and how right it was on themes held out."""

    weights: Floats
    bias: float
    limit: float
    examples: int
    recall: float | None
    """Share of its examples found …"""
    own: float | None
    """… of its counter-examples taken for it …"""
    others: float | None
    """… and of other sentences, at the limit; ``None`` where there are none of them."""


def corpus_of(
    space: Space,
    sentences: Sequence[Sentence],
    talk: Sequence[str],
    listed: Mapping[str, frozenset[int]],
    kin: Mapping[str, frozenset[str]],
) -> Corpus:
    """Everything laid out."""
    texts = [*(each.text for each in sentences), *talk]
    runs, run_of, single = space.runs(texts)
    fold = [_fold(each.theme) for each in sentences] + [-1] * len(talk)
    return Corpus(
        sentences=tuple(sentences),
        talk=tuple(talk),
        listed=listed,
        kin=kin,
        whole=space.rows(texts),
        runs=runs,
        run_of=run_of,
        single=single,
        fold=np.array(fold),
    )


def _fold(theme: str) -> int:
    return int.from_bytes(hashlib.sha256(theme.encode()).digest()[:4], "big") % FOLDS


def labels_of(corpus: Corpus, intent: str) -> tuple[Longs, Floats]:
    """Of each text: 1 means it, -1 does not, 0 nobody knows; and how much it counts."""
    kin = corpus.kin.get(intent, frozenset())
    listed = corpus.listed.get(intent, frozenset())
    count = len(corpus.sentences)
    label = np.full(count + len(corpus.talk), NO)
    weight = np.full(len(label), TALK)
    for at, each in enumerate(corpus.sentences):
        known = each.means.get(intent)
        if known is not None:
            label[at], weight[at] = known, 1.0
        else:
            weight[at] = OTHERS
            if not kin.isdisjoint(each.means):
                label[at] = UNSURE
    known_at = {at for at, each in enumerate(corpus.sentences) if intent in each.means}
    label[[at for at in listed if at not in known_at]] = UNSURE
    weight[label == UNSURE] = 0.0
    return label, weight


def fitted(corpus: Corpus, intent: str, strictness: float) -> Fitted:
    """One intent's classifier.

    Args:
        corpus: what there is to learn from.
        intent: which one.
        strictness: what the shares of errors that may pass are multiplied with.
    """
    label, weight = labels_of(corpus, intent)
    count = len(corpus.sentences)
    score = np.full(count, np.nan)
    for fold in np.unique(corpus.fold[:count]):
        held = corpus.fold == fold
        model = _fit(corpus, label, np.where(held, 0.0, weight))
        score[held[:count]] = _best(corpus, model, held)[held]
    own = np.array([intent in each.means for each in corpus.sentences])
    yes, known = label[:count] == YES, label[:count] != UNSURE
    slope, shift = _curve(score[known], yes[known], np.where(own, NEAR, 1.0)[known])
    limit = max(
        _quantile(score[own & known & ~yes], strictness * OWN_ERRORS),
        _quantile(score[~own & known], strictness * OTHER_ERRORS),
    )
    final, told = _fit(corpus, label, weight), limit + MARGIN / slope
    return Fitted(
        weights=final.coef_[0] * slope,
        bias=float(final.intercept_[0] * slope + shift),
        limit=float(1 / (1 + np.exp(-(slope * limit + shift + MARGIN)))),
        examples=int(yes.sum()),
        recall=_share(score[yes] > told),
        own=_share(score[own & known & ~yes] > told),
        others=_share(score[~own & known] > told),
    )


def _share(told: Bools) -> float | None:
    return float(told.mean()) if len(told) else None


def _fit(corpus: Corpus, label: Longs, weight: Floats) -> LinearSVC:
    """Whole texts both ways, and what does not mean it piece by piece as well."""
    pieces = np.flatnonzero(
        corpus.single & (label[corpus.run_of] == NO) & (weight[corpus.run_of] > 0)
    )
    texts = np.flatnonzero(weight > 0)
    rows = sparse.vstack([corpus.whole[texts], corpus.runs[pieces]], format="csr")
    of = np.concatenate([texts, corpus.run_of[pieces]])
    heavy = weight[of] * np.where(np.arange(len(of)) < len(texts), 1.0, PIECE)
    model = LinearSVC(C=COST, dual=True, tol=0.1, max_iter=300, random_state=0)
    return model.fit(rows, label[of] == YES, sample_weight=heavy)


def _best(corpus: Corpus, model: LinearSVC, wanted: Bools) -> Floats:
    """The score of each wanted text: that of its likeliest run."""
    chosen = np.flatnonzero(wanted[corpus.run_of])
    score = model.decision_function(corpus.runs[chosen])
    found = np.full(len(wanted), -np.inf)
    np.maximum.at(found, corpus.run_of[chosen], score)
    return found


def _curve(score: Floats, yes: Bools, weight: Floats) -> tuple[float, float]:
    """Platt's logistic curve: slope and shift."""
    curve = LogisticRegression(C=1e3).fit(score[:, None], yes, sample_weight=weight)
    return float(max(curve.coef_[0, 0], 0.1)), float(curve.intercept_[0])


def _quantile(score: Floats, errors: float) -> float:
    """The score that this share of these lie above; of few, none may."""
    if not len(score):
        return -np.inf
    return float(np.quantile(score, max(0.0, 1 - errors), method="higher"))
