"""A vault in memory with people, their records and the owner's, whose keys are turned over."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise

from sealhold.audit.event import Event, EventKind
from sealhold.model.ids import AppId, Collection, FieldName, JobId, RecordId, SubjectId
from sealhold.model.quantities import DAY
from sealhold.stores.spec import Found, Op
from sealhold.vault import wraps
from sealhold.vault.deciding import rows_of
from sealhold.vault.jobs import Job, Scope, Turned
from sealhold.vault.owning import Fresh, Owning
from sealhold.vault.peoplecheck import people_faults
from sealhold.vault.personrecords import At
from sealhold.vault.recordasking import Asking
from sealhold.vault.rewrapping import UNDER_SUBJECTS
from sealhold.vault.rotation import Rotation
from tests.unit.people_vault import MAIL, NAME, SERVICE, Crowd
from tests.unit.records_vault import NOTES, Shelf, rid, shelf

KEPT = 30 * DAY  # how long backups are
LARGE = "more than a row holds " * 5_000
TEXTS = ("apple", "pear", "plum", LARGE)


@dataclass
class Turnery:
    """The vault: two people of one app, one of the other, and four items of the owner."""

    shelf: Shelf
    rotation: Rotation
    ada: SubjectId
    bob: SubjectId
    eve: SubjectId  # of the other app
    items: list[RecordId]

    @property
    def many(self) -> Crowd:
        return self.shelf.many

    @property
    def one(self) -> AppId:
        return self.many.one

    def do(self, kind: Turned, scope: Scope | None = None, *, compromised: bool = False) -> Job:
        """Begin a job and run it to its end."""
        job = self.rotation.begin(kind, scope or Scope(), compromised=compromised)
        return self.rotation.run(job.id)

    def of(self, subject: SubjectId) -> Scope:
        return self.rotation.app_of(subject)

    def states(self, subject: SubjectId) -> list[tuple[int, str]]:
        """Return version and state of each key of a subject."""
        rows = rows_of(self.many.vault.keys, wraps.SUBJECT, "key", subject)
        return [(each.row[1], each.row[4]) for each in rows]

    def app_states(self, app: AppId) -> list[tuple[int, str]]:
        rows = rows_of(self.many.vault.keys, wraps.APP, "key", app)
        return [(each.row[1], each.row[2]) for each in rows]

    def rows(self, subject: SubjectId) -> list[tuple[str, Found]]:
        """Return the rows that lie under a subject's keys, each with its table."""
        return [
            (under.spec.name, found)
            for under in UNDER_SUBJECTS
            for found in under.rows(self.many.store, [subject])
        ]

    def versions(self, subject: SubjectId) -> set[int]:
        """Return the versions that rows of a subject lie under."""
        specs = {under.spec.name: under for under in UNDER_SUBJECTS}
        return {found.row[specs[name].version_at] for name, found in self.rows(subject)}

    def bend_keys(self, *ops: Op) -> None:
        """Write into the key set behind the vault's back."""
        self.many.vault.keys.commit((), lambda _: ops, self.many.vault.fence)

    def events(self) -> list[Event]:
        return self.many.events(EventKind.KEY)

    def assert_whole(self) -> None:
        """Everything opens; of each key one version is in force, the newest."""
        many = self.many
        for app, subject, name in (
            (many.one, self.ada, "Ada"),
            (many.one, self.bob, "Bob"),
            (many.other, self.eve, "Eve"),
        ):
            many.vault.core.keyring.forget([subject])
            assert many.people.get(app, subject, SERVICE).fields[NAME] == name
            assert many.people.find(app, SERVICE, MAIL, f"{name.lower()}@example.org") == (subject,)
            asking = Asking(app=app, subject=subject, purpose=SERVICE)
            for number in (1, 2):
                got = self.shelf.records.get(asking, At(NOTES, rid(number))).wait()
                assert got.content == {"of": name, "n": number}
            old = self.shelf.records.get_version(asking, At(NOTES, rid(1)), 1).wait()
            assert old.content == {"of": name, "n": 0}
        found = many.vault.firewall.get(self.items)
        assert [record.fields["text"] for record in found] == list(TEXTS)
        assert list(people_faults(many.vault.core)) == []
        for subject in (self.ada, self.bob, self.eve, many.vault.core.owner):
            states = self.states(subject)
            assert [state for _, state in states][-1:] == ["active"]
            assert [state for _, state in states].count("active") == 1
            assert all(one < other for (one, _), (other, _) in pairwise(states))


def notes_of(shelf: Shelf, app: AppId, name: str) -> SubjectId:
    """Return a new person with a profile and two records, one of them with an older version."""
    subject = shelf.many.person(app, name)
    asking = Asking(app=app, subject=subject, purpose=SERVICE)
    for number, over, content in (
        (1, None, {"of": name, "n": 0}),
        (1, 1, {"of": name, "n": 1}),
        (2, None, {"of": name, "n": 2}),
    ):
        shelf.records.put(asking, At(NOTES, rid(number)), content, over).wait()
    return subject


@contextmanager
def turnery() -> Iterator[Turnery]:
    with shelf() as found:
        many = found.many
        core = many.vault.core
        owning = Owning(core, many.vault.index, many.vault.objects)
        fresh = [Fresh(collection=Collection("notes"), fields={"text": text}) for text in TEXTS]
        yield Turnery(
            shelf=found,
            rotation=Rotation(core, many.schemas, KEPT, time.perf_counter),
            ada=notes_of(found, many.one, "Ada"),
            bob=notes_of(found, many.one, "Bob"),
            eve=notes_of(found, many.other, "Eve"),
            items=owning.put(fresh),
        )


def field_scope(turnery: Turnery, field: FieldName = MAIL) -> Scope:
    return Scope(turnery.one, None, field)


def all_left(turnery: Turnery, job: JobId) -> list[tuple[str, str]]:
    """Return table and reason of each row that a job left."""
    return [(left.table, left.reason) for _, left in turnery.rotation.jobs.left(job)]
