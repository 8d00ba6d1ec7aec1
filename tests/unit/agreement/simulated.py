"""Marks of raters whose reliability is known, on calls whose truth is."""

from datetime import UTC, datetime, timedelta

import numpy as np

from pipeline.store.marks import Mark

START = datetime(2026, 1, 15, tzinfo=UTC)


def verdicts(
    truth: np.ndarray, errors: dict[str, float], seed: int, criterion: str = "pace"
) -> list[Mark]:
    """Each rater says the opposite of the truth with a probability of their own."""
    generator = np.random.default_rng(seed)
    marks = []
    for rater, error in errors.items():
        wrong = generator.random(len(truth)) < error
        for number, met in enumerate(truth != wrong):
            marks.append(
                Mark(
                    call_id=f"call-{number:04d}",
                    rater=rater,
                    criterion=criterion,
                    value="met" if met else "missed",
                    marked_at=START + timedelta(days=30 * (number // (len(truth) // 6 + 1))),
                )
            )
    return marks


def numbers(
    truth: np.ndarray, noise: dict[str, float], seed: int, scale: str = "0-100"
) -> list[Mark]:
    """Each rater's mark on the whole call is the truth and noise of their own."""
    generator = np.random.default_rng(seed)
    return [
        Mark(call_id=f"call-{number:04d}", rater=rater, value=float(value), scale=scale)
        for rater, spread in noise.items()
        for number, value in enumerate(
            np.clip(truth + generator.normal(0, spread, len(truth)), 0, 100)
        )
    ]
