"""Items -> jobs: which recordings are new, or measured or judged with what is not the present way.

A name whose file has not changed since its content was last read costs one look at the file, and
a call that is done with costs no more than that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, select

from pipeline.batch import content
from pipeline.batch.items import Item, Refused
from pipeline.batch.journal import Journal
from pipeline.batch.judging import Judging
from pipeline.batch.plan import Plan
from pipeline.batch.sources import is_remote
from pipeline.batch.tasks import Task
from pipeline.errors import SourceError, UsageError, printable
from pipeline.profiles import VoiceProfile
from pipeline.store.calls import Details, Known, enter, known, sight, sighted, store_fault
from pipeline.store.claims import Run
from pipeline.store.database import Database
from pipeline.store.tables import facts
from pipeline.store.voices import stored_voice

_PART: Final = 32
NOTHING: Final = Details()


@dataclass(slots=True)
class Job:
    """One call that has something to be done.

    Attributes:
        plan: names what its facts will have been made with.
        copies: local copies of remote files, ours to remove.
        only_judge: its facts are as they should be.
        attempts: how often it was tried.
    """

    item: Item
    sha256: str
    plan: str
    known: Known
    only_judge: bool
    copies: list[str] = field(default_factory=list)
    attempts: int = 0

    def drop_copies(self) -> None:
        """Remove the local copies."""
        for copy in self.copies:
            Path(copy).unlink(missing_ok=True)
        self.copies.clear()


@dataclass(slots=True)
class Intake:
    """Makes jobs of items, and counts the items that need none.

    Attributes:
        again: also try what was quarantined.
        elsewhere: items that another run has claimed.
    """

    database: Database
    run: Run
    plan: Plan
    judging: Judging
    journal: Journal
    network: bool
    again: bool
    elsewhere: list[Item] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)

    def jobs(self, items: Sequence[Item | Refused], *, last: bool = False) -> Iterator[Job]:
        """What there is to do; with ``last``, other runs' items are counted, not kept."""
        rest = iter(items)
        while part := list(islice(rest, _PART)):
            for item, sha256 in self._contents(list(self._named(part))):
                job = self._job(item, sha256, last)
                if job is not None:
                    yield job

    def _named(self, part: Sequence[Item | Refused]) -> Iterator[Item]:
        for item in part:
            if isinstance(item, Item):
                yield item
            else:
                self._fail("refused", item.source, "input", item.reason)

    # ── Content ──────────────────────────────────────────────────────────────────────────────

    def _contents(self, items: Sequence[Item]) -> Iterator[tuple[Item, str]]:
        paths = [printable(path) for item in items for path in item.paths]
        remembered = self.database.look(lambda connection: sighted(connection, paths))
        for item in items:
            seen: list[tuple[str, str, str]] = []
            try:
                parts = [self._content(path, remembered.get(printable(path)), seen)
                         for path in item.paths]  # fmt: skip
            except SourceError as error:
                self._fail("failed", item.source, "input", str(error))
                continue
            self._remember(seen)
            yield item, content.together(parts)

    def _content(
        self, path: str, before: tuple[str, str] | None, seen: list[tuple[str, str, str]]
    ) -> str:
        token = content.token(path, network=self.network)
        if before is not None and before[0] == token:
            return before[1]
        if is_remote(path):
            copy = content.fetch(path, self._copies, network=self.network)
            try:
                found = content.content(copy)
            finally:
                Path(copy).unlink(missing_ok=True)
        else:
            found = content.content(path)
        seen.append((printable(path), token, found))
        return found

    def _remember(self, seen: list[tuple[str, str, str]]) -> None:
        if seen:
            self.database.transact(lambda connection: sight(connection, seen))

    @property
    def _copies(self) -> Path:
        return self.database.files / "copies"

    # ── Jobs ─────────────────────────────────────────────────────────────────────────────────

    def _job(self, item: Item, sha256: str, last: bool) -> Job | None:
        if sha256 in self._seen:
            self.journal.count("repeated", item.source)
            return None
        self._seen.add(sha256)
        try:
            plan = self.plan.of(item)
        except SourceError as error:
            self._fail("failed", item.source, "input", str(error))
            return None
        found = self.database.look(lambda connection: known(connection, sha256))
        if found is not None and self._is_done(found, sha256, plan, item):
            return None
        entered, mine = self.database.transact(lambda c: self._enter_and_claim(c, item, sha256))
        if not mine:
            self._elsewhere(item, sha256, last)
            return None
        if self._is_done(entered, sha256, plan, item):  # by another run, in between
            self.run.release(entered.id)
            return None
        return Job(item, sha256, plan, entered, only_judge=entered.plan_sha256 == plan)

    def _enter_and_claim(
        self, connection: Connection, item: Item, sha256: str
    ) -> tuple[Known, bool]:
        entered = enter(connection, sha256, item.wished_id, item.source, item.details)
        mine = self.run.claim_in(connection, entered.id)
        again = known(connection, sha256)  # as it is now that it is ours
        return again or entered, mine

    def _is_done(self, found: Known, sha256: str, plan: str, item: Item) -> bool:
        if found.plan_sha256 == plan and found.judge_sha256 == self._judge(found):
            if item.details != NOTHING:
                self.database.transact(
                    lambda c: enter(c, sha256, found.call_id, item.source, item.details)
                )
            self.journal.count("skipped", item.source, call_id=found.call_id)
            return True
        if found.quarantined_plan == plan and not self.again:
            self.journal.count("quarantined", item.source, call_id=found.call_id)
            return True
        return False

    def _judge(self, found: Known) -> str | None:
        try:
            return self.judging.sha256(found.language or "")
        except UsageError:  # no rubric for that language: a worker says so
            return ""

    def _elsewhere(self, item: Item, sha256: str, last: bool) -> None:
        if last:
            self.journal.count("elsewhere", item.source)
        else:
            self._seen.discard(sha256)
            self.elsewhere.append(item)

    def task(self, job: Job, number: int) -> Task:
        """What a worker needs for a job.

        Raises:
            SourceError: a remote file cannot be fetched.
        """
        if job.only_judge:
            query = select(facts.c.data).where(facts.c.recording_id == job.known.id)
            data: bytes = self.database.look(lambda c: c.execute(query).scalar_one())
            return Task(number=number, call_id=job.known.call_id, sha256=job.sha256, facts=data)
        paths = []
        for path in job.item.paths:
            if is_remote(path):
                path = content.fetch(path, self._copies, network=self.network)
                job.copies.append(path)
            paths.append(path)
        item = job.item
        return Task(
            number=number,
            call_id=job.known.call_id,
            sha256=job.sha256,
            paths=tuple(paths),
            transcript=item.transcript,
            language=item.language,
            channels=item.channels,
            agent_is=item.agent_is or job.known.agent_voice,
            voice=self._voice(item.details.agent),
            speakers=item.speakers,
            own_words=self.plan.model is not None and item.transcript is None,
        )

    def _voice(self, agent: str | None) -> VoiceProfile | None:
        """What is known of the agent's voice (`qinhe voices learn`)."""
        if agent is None:
            return None
        return self.database.look(lambda connection: stored_voice(connection, agent))

    def _fail(self, what: str, source: str, kind: str, reason: str) -> None:
        self.database.transact(lambda c: store_fault(c, self.run.id, source, kind, reason))
        self.journal.fail(what, source, kind, reason)
