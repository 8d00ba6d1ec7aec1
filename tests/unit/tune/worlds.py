"""Tables and samples of which everything is known."""

import numpy as np

from pipeline.rubric import shipped
from pipeline.rubric.kinds import AnyCriterion
from pipeline.store.marks import Mark
from pipeline.tune.sample import Sample, sample_of
from pipeline.tune.table import BY_VALUE, Reading, Table
from pipeline.tune.truth import Truth


def criterion(name: str, rubric: str = "affinity-zh-v1") -> AnyCriterion:
    return next(each for each in shipped(rubric).criteria if each.id == name)


def reading(codes: np.ndarray, values: np.ndarray) -> Reading:
    return Reading(codes, values, np.zeros(values.shape))


def table(name: str, values: np.ndarray) -> Table:
    """One cell, decided by value."""
    codes = np.full((1, len(values)), BY_VALUE, np.int8)
    return Table(criterion(name), ({},), reading(codes, np.asarray(values, float)[None]))


def truth(name: str, missed: np.ndarray) -> Truth:
    marks = {f"call-{at}": bool(each) for at, each in enumerate(missed)}
    return Truth(
        criterion=name, rule="majority", missed=marks, raters={"a": len(marks)}, weights={}
    )


def sample(name: str, values: np.ndarray, missed: np.ndarray, agents: list[str | None]) -> Sample:
    calls = [f"call-{at}" for at in range(len(values))]
    return sample_of(table(name, values), calls, agents, truth(name, missed))


def agents(count: int, calls: int, seed: int = 0) -> list[str | None]:
    return [f"agent-{at}" for at in np.random.default_rng(seed).integers(0, count, calls)]


def mark(call: str, name: str, missed: bool, rater: str = "a") -> Mark:
    return Mark(call_id=call, rater=rater, criterion=name, value="missed" if missed else "met")
