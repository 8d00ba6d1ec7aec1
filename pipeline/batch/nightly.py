"""Puts a run together: store, plan, workers, limits; and ends it, however it ends."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from pipeline.batch.fetching import Fetcher
from pipeline.batch.intake import Intake
from pipeline.batch.journal import FAILED, Journal
from pipeline.batch.judging import Judging
from pipeline.batch.plan import Plan, plan_of
from pipeline.batch.run import Night, cores, memory_of, workers_for
from pipeline.batch.tasks import Equipment, Workers
from pipeline.measure.recogniser import DEMO, DEMO_MODEL
from pipeline.settings import MeasureSettings
from pipeline.store.claims import Run
from pipeline.store.database import open_database


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked of a run.

    Attributes:
        model: Whisper's name or checkpoint; ``None``: no words.
        pyannote: the folder of a pipeline that tells voices apart; ``None``: Qinhe does.
        rubric: ``None``: the one of each call's language.
        workers: ``None``: what cores and memory carry.
        ray: the address of a Ray cluster; ``None``: this machine.
        time_s, memory_mb: what one call may take.
        retries: how often a call is tried again.
        patience_s: how long to wait for a database that is away.
        again: also try what was quarantined.
        together: how many calls a worker does side by side; ``None``: what words are worth.
        network: allow remote sources and fetching a model.
        fetch_mb: how much of remote recordings may lie here before it is measured.
    """

    db: str
    files: Path | None
    settings: MeasureSettings
    model: str | None
    device: str | None
    pyannote: Path | None
    rubric: str | None
    workers: int | None
    ray: str | None
    time_s: float
    memory_mb: int
    retries: int
    patience_s: float
    together: int | None
    again: bool
    network: bool
    fetch_mb: int


@contextmanager
def night(options: Options, kind: str, journal: Journal) -> Iterator[Night]:
    """A run at work, stored at its end as done, failed (in part) or interrupted.

    Raises:
        QinheError: store, rubric or model cannot be used.
    """
    judging = Judging(options.rubric)
    if options.rubric is not None:
        judging.judge("")  # a wrong rubric is told before the slow part
    plan = plan_of(
        options.settings, options.model, pyannote=options.pyannote, network=options.network
    )
    with open_database(options.db, options.files, patience_s=options.patience_s) as database:
        run = Run(database, kind, msgspec.to_builtins(plan))
        outcome = "interrupted"
        try:
            journal.say("began", run=run.id, workers=_workers(options), ray=options.ray)
            hire = functools.partial(_hired, options, plan, database.files)
            with _fetcher(options, database.files) as fetcher:
                intake = Intake(
                    database, run, plan, judging, journal, fetcher,
                    network=options.network, again=options.again,
                )  # fmt: skip
                with Night(database, intake, hire, options.retries) as at:
                    yield at
            failed = any(journal.counts[what] for what in FAILED)
            outcome = "failed" if failed else "done"
        finally:
            journal.say("ended", outcome=outcome, counts=dict(journal.counts))
            try:
                run.end(outcome, journal.counts)
            finally:
                run.close()


def _fetcher(options: Options, files: Path) -> Fetcher:
    most = options.fetch_mb * 2**20
    return Fetcher(files / "copies", network=options.network, most_bytes=most)


def _hired(options: Options, plan: Plan, files: Path) -> Workers:
    """The workers; their libraries and models are loaded only where there is something to do."""
    workers = _workers(options)
    if options.ray is not None:
        from pipeline.batch.cluster import Cluster
        from pipeline.batch.member import Charge

        charge = Charge(_equipment(options, files, threads=1), plan, options.network)
        need_mb = memory_of(_checkpoint(options.model))
        return Cluster(options.ray, charge, workers, need_mb, options.time_s)
    from pipeline.batch.pool import Pool

    assert workers is not None, "on this machine their number is known"
    equipment = _equipment(options, files, threads=max(1, cores() // workers))
    if options.model is not None:
        together = options.together or _TOGETHER
        equipment = msgspec.structs.replace(equipment, together=together)
    return Pool(equipment, workers, options.time_s)


_TOGETHER: Final = 4
"""Calls of a minute or two fill a batch of windows by fours."""


def _workers(options: Options) -> int | None:
    """How many; ``None``: as many as the cluster carries."""
    if options.workers is not None or options.ray is not None:
        return options.workers
    return workers_for(_checkpoint(options.model))


def _equipment(options: Options, files: Path, *, threads: int) -> Equipment:
    return Equipment(
        settings=options.settings,
        model=options.model,
        device=options.device,
        rubric=options.rubric,
        files=files,
        memory_mb=options.memory_mb,
        threads=threads,
        pyannote=options.pyannote,
    )


def _checkpoint(model: str | None) -> Path | None:
    """The model's file, where it can be told without loading it."""
    if model is None:
        return None
    path = DEMO_MODEL if model == DEMO else Path(model)
    return path if path.is_file() else None
