"""Items -> jobs: which recordings are new, or measured or judged with what is not the present way.

A name whose file has not changed since its content was last read costs one look at the file, and
a call that is done with costs no more than that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from sqlalchemy import Connection, select

from pipeline.batch import content
from pipeline.batch.fetching import Fetched, Fetcher
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
Sightings = Mapping[str, tuple[str, str]]
"""Name -> its token and content when it was last read."""
NOTHING: Final = Details()


@dataclass(slots=True)
class Job:
    """One call that has something to be done.

    Attributes:
        plan: names what its facts will have been made with.
        copies: remote files' copies on this machine, by address.
        only_judge: its facts are as they should be.
        attempts: how often it was tried.
    """

    item: Item
    sha256: str
    plan: str
    known: Known
    only_judge: bool
    copies: dict[str, str] = field(default_factory=dict)
    attempts: int = 0


@dataclass(slots=True)
class _Arrived:
    """An item and what its files are.

    Attributes:
        sha256: of its sound.
        words: SHA-256 of its transcript, where it has one.
        copies: as a `Job` has them.
    """

    item: Item
    sha256: str = ""
    words: str | None = None
    copies: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Intake:
    """Makes jobs of items, and counts the items that need none.

    Attributes:
        again: also try what was quarantined.
        fetcher: brings remote files.
        elsewhere: items that another run has claimed.
    """

    database: Database
    run: Run
    plan: Plan
    judging: Judging
    journal: Journal
    fetcher: Fetcher
    network: bool
    again: bool
    elsewhere: list[Item] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)

    def jobs(self, items: Sequence[Item | Refused], *, last: bool = False) -> Iterator[Job]:
        """What there is to do; with ``last``, other runs' items are counted, not kept."""
        rest = iter(items)
        while part := list(islice(rest, _PART)):
            for arrived in self._arrived(list(self._named(part))):
                job = self._job(arrived, last)
                if job is not None:
                    yield job
                else:
                    self.fetcher.drop(arrived.copies.values())

    def drop_copies(self, job: Job) -> None:
        """Remove what was fetched for a job."""
        self.fetcher.drop(job.copies.values())
        job.copies.clear()

    def _named(self, part: Sequence[Item | Refused]) -> Iterator[Item]:
        for item in part:
            if isinstance(item, Item):
                yield item
            else:
                self._fail("refused", item.source, "input", item.reason)

    # ── Content ──────────────────────────────────────────────────────────────────────────────

    def _arrived(self, items: Sequence[Item]) -> Iterator[_Arrived]:
        """Items whose files are known, in their order."""
        paths = [printable(path) for item in items for path in item.paths]
        before = self.database.look(lambda connection: sighted(connection, paths))
        arrived = list(self._worded(items))
        for each in arrived:
            self._expect(each, before)
        for each in arrived:
            try:
                found = [self._content(path, before, each.copies) for path in each.item.paths]
            except SourceError as error:
                self._missing(each, error)
            else:
                each.sha256 = content.together(found)
                yield each

    def _worded(self, items: Sequence[Item]) -> Iterator[_Arrived]:
        """Items whose transcripts are here: they decide whether the sound is needed."""
        for item in items:
            if item.transcript and is_remote(item.transcript):
                self.fetcher.expect(item.transcript, None, needed=True)
        for item in items:
            arrived = _Arrived(item)
            try:
                arrived.words = self._words(item.transcript, arrived.copies)
            except SourceError as error:
                self._missing(arrived, error)
            else:
                yield arrived

    def _words(self, path: str | None, copies: dict[str, str]) -> str | None:
        """The content of a transcript; it is small, and read every time."""
        if path is None:
            return None
        if not is_remote(path):
            return content.content(path)
        return self._taken(path, copies).sha256

    def _taken(self, path: str, copies: dict[str, str]) -> Fetched:
        fetched = self.fetcher.take(path)
        if fetched.copy is not None:
            copies[path] = fetched.copy
        return fetched

    def _missing(self, arrived: _Arrived, error: SourceError) -> None:
        self.fetcher.drop(arrived.copies.values())
        for path in arrived.item.paths:
            self.fetcher.abandon(path)
        self._fail("failed", arrived.item.source, "input", str(error))

    def _expect(self, arrived: _Arrived, before: Sightings) -> None:
        """Have the remote files of an item fetched, if it will be measured."""
        remote = [path for path in arrived.item.paths if is_remote(path)]
        if remote:
            needed = self._is_new(arrived, before)
            for path in remote:
                self.fetcher.expect(path, before.get(printable(path)), needed=needed)

    def _is_new(self, arrived: _Arrived, before: Sightings) -> bool:
        """Whether it would be measured if its files were what they were."""
        was = [before.get(printable(path), ("", ""))[1] for path in arrived.item.paths]
        sha256, plan = content.together(was), self.plan.of(arrived.item, arrived.words)
        found = self.database.look(lambda connection: known(connection, sha256))
        if found is None:
            return True
        return found.plan_sha256 != plan and (self.again or found.quarantined_plan != plan)

    def _content(self, path: str, before: Sightings, copies: dict[str, str]) -> str:
        was = before.get(printable(path))
        if is_remote(path):
            fetched = self._taken(path, copies)
            token, found = fetched.token, fetched.sha256
        else:
            token = content.token(path, network=self.network)
            if was is not None and was[0] == token:
                return was[1]
            found = content.content(path)
        if was != (token, found):
            seen = [(printable(path), token, found)]
            self.database.transact(lambda connection: sight(connection, seen))
        return found

    # ── Jobs ─────────────────────────────────────────────────────────────────────────────────

    def _job(self, arrived: _Arrived, last: bool) -> Job | None:
        item, sha256 = arrived.item, arrived.sha256
        if sha256 in self._seen:
            self.journal.count("repeated", item.source)
            return None
        self._seen.add(sha256)
        plan = self.plan.of(item, arrived.words)
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
        only_judge = entered.plan_sha256 == plan
        return Job(item, sha256, plan, entered, only_judge, arrived.copies)

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
        item = job.item
        for path in filter(None, (*item.paths, item.transcript)):
            if is_remote(path) and path not in job.copies:  # tried again, or thought to be done
                self._taken(path, job.copies)
        return Task(
            number=number,
            call_id=job.known.call_id,
            sha256=job.sha256,
            paths=tuple(job.copies.get(path, path) for path in item.paths),
            transcript=job.copies.get(item.transcript or "", item.transcript),
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
