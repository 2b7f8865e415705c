"""Homes on disk for tests: cheap to unlock, with a clock that stands still, and apps that ask."""

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from sealhold.compute.appkit import AppKeys, make_keys
from sealhold.compute.retrieve import Fetch
from sealhold.compute.task import PAYLOAD_TYPE, task_digest
from sealhold.crypto import dsse
from sealhold.crypto.kdf import Stretch
from sealhold.model.encoding import Plain, to_json
from sealhold.model.errors import DeniedError, SealholdError
from sealhold.model.ids import AppId, Id16, Purpose, RequestId, TaskDigest
from sealhold.model.quantities import DAY, MICRO, Instant, MicroBits
from sealhold.model.shown import GrantView, Mode, RequestCard, Terms
from sealhold.node import Node, Places, WholeNode, World, create
from sealhold.policy.request import MEDIA_TYPE, Destination, Request, Schedule, to_document
from tests.warmreader import READER

PASSPHRASE = "correct horse battery"
NOON = Instant(1_795_262_400_000)  # 2026-11-21 12:00 UTC
QUICK = Stretch(memory_kib=8_192, passes=1, lanes=1)
BIT = b"def evaluate(obj, res):\n    return 1 if obj['summary'].startswith('green') else 0\n"


@dataclass
class Hands:
    """A clock that is moved by hand."""

    now: Instant = NOON

    def __call__(self) -> Instant:
        return self.now

    def move(self, span: int) -> None:
        self.now = Instant(self.now + span)


def world(clock: Hands | None = None, fetch: Fetch | None = None) -> World:
    found = World(clock=clock or Hands(), stretch=QUICK, reader=READER)
    return replace(found, fetch=fetch) if fetch else found


def new_home(folder: Path, clock: Hands | None = None, places: Places | None = None) -> Path:
    """Make an empty vault in `folder` and return it."""
    create(folder, PASSPHRASE, headless=True, places=places, world=world(clock))
    return folder


@contextmanager
def opened(folder: Path, clock: Hands | None = None, fetch: Fetch | None = None) -> Iterator[Node]:
    with WholeNode(folder, world(clock, fetch)) as node:
        node.unlock(PASSPHRASE)
        yield node


def calendar(path: Path, summaries: Sequence[str], *, month: int = 1, uid: str = "u") -> Path:
    """Write events of 2026 with these summaries, an hour apart, and return the file."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//EN"]
    for number, summary in enumerate(summaries):
        day, hour = divmod(number, 24)
        lines += [
            "BEGIN:VEVENT",
            f"UID:{uid}{number}",
            f"DTSTART:2026{month:02d}{day % 28 + 1:02d}T{hour:02d}0000Z",
            f"SUMMARY:{summary}",
            "END:VEVENT",
        ]
    path.write_text("\r\n".join([*lines, "END:VCALENDAR", ""]))
    return path


@dataclass(frozen=True, kw_only=True)
class Job:
    """A program with its manifest, still unsigned."""

    code: bytes = BIT
    name: str = "Green days"
    version: str = "1.0.0"
    collection: str = "events"
    fields: tuple[str, ...] = ("summary",)
    objects: str = "frozen"
    most: int = 1_000
    object_bytes: int = 4_096
    evaluate: Plain = field(default_factory=lambda: {"values": [0, 1]})
    aggregate: Plain = field(
        default_factory=lambda: {
            "kind": "count",
            "args": {"value": 1},
            "range": {"min": 0, "max": 31, "step": 1},
            "default": 0,
        }
    )
    params: Mapping[str, Plain] = field(default_factory=lambda: {"p": 0})
    selections: Mapping[str, tuple[str, list[str]]] = field(
        default_factory=lambda: {"all": ("all", [])}
    )
    purpose: str = "ServiceProvision"
    milliseconds: int = 100
    k: int = 1
    versions: int = 1
    slot: Plain = field(default_factory=lambda: {"seconds": 1, "mode": "ahead", "max_slots": 1})
    tier: str = "py"
    fuel: int | None = None
    expires: str = "2030-01-01T00:00:00Z"
    resources: Sequence[Plain] = ()
    evidence: str = "sw"

    def manifest(self, author: bytes) -> dict[str, Plain]:
        return {
            "schema": "sealhold.task/1",
            "name": self.name,
            "version": self.version,
            "expires": self.expires,
            "author": {"name": "An author", "key": author.hex()},
            "purpose": self.purpose,
            "reason": {"en": "A reason."},
            "code": {
                "tier": self.tier,
                "sha256": hashlib.sha256(self.code).hexdigest(),
                "bytes": len(self.code),
            },
            "input": {
                "collection": self.collection,
                "fields": list(self.fields),
                "max_objects": self.most,
                "max_object_bytes": self.object_bytes,
                "objects": self.objects,
            },
            "evaluate": {"range": self.evaluate, "default": 0},
            "aggregate": self.aggregate,
            "params": [{"id": key, "value": value} for key, value in self.params.items()],
            "selections": [
                {"id": key, "predicate": predicate, "attributes": attributes}
                for key, (predicate, attributes) in self.selections.items()
            ],
            "partition": {"k": self.k, "max_versions": self.versions},
            "limits": {
                "ms_per_partition": self.milliseconds,
                "memory_mib": 16,
                "queries": 100,
                **({} if self.fuel is None else {"fuel": self.fuel}),
            },
            "slot": self.slot,
            "resources": list(self.resources),
            "evidence": {"min": self.evidence, "confidentiality": "any"},
            "output": {"recipients": [], "forms": ["dsse"]},
        }


@dataclass(frozen=True)
class Papers:
    """What an app hands in."""

    request: bytes
    task: bytes
    code: bytes
    digest: TaskDigest


def sum_of(first: int, last: int) -> dict[str, Plain]:
    """Return an aggregate that lets a single value through as it is."""
    return {
        "kind": "sum",
        "args": {},
        "range": {"min": first, "max": last, "step": 1},
        "default": first,
    }


class Asker:
    """An app that the vault knows: its keys, its token, and the papers that it signs."""

    def __init__(self, node: Node, name: str = "Green Corp") -> None:
        self.keys: AppKeys = make_keys(os.urandom)
        self.author: AppKeys = make_keys(os.urandom)
        view, self.token = node.apps.register_app(name, self.keys.public, confirmed=True)
        self.id: AppId = view.id
        self.shown = f"a-{view.id.hex()[-12:]}"

    def wish(self, task: TaskDigest, job: Job, now: Instant) -> Request:
        """Return what is asked for unless something else is said."""
        return Request(
            app=self.id,
            name="green days",
            purpose=Purpose(job.purpose),
            reason=(("en", "We pay a bonus"),),
            task=task,
            param=next(iter(job.params)),
            selection=next(iter(job.selections)),
            destination=Destination(
                name="Payroll", url="https://green.example/bonus", box_key=self.keys.box.public
            ),
            schedule=Schedule.DEMAND,
            retention_days=30,
            expires=Instant(now + 7 * DAY),
            budget=MicroBits(20 * MICRO),
            mode=Mode.UNTIL,
            until=Instant(now + 30 * DAY),
        )

    def papers(self, job: Job, now: Instant = NOON, **wish: Plain) -> Papers:
        """Sign a request for `job`; `wish` replaces parts of it."""
        payload = to_json(job.manifest(self.author.public))
        task = dsse.sign(PAYLOAD_TYPE, payload, [self.author.signing])
        digest = task_digest(payload)
        asked = replace(self.wish(digest, job, now), **wish)
        request = dsse.sign(MEDIA_TYPE, to_json(to_document(asked)), [self.keys.signing])
        return Papers(request, task, job.code, digest)

    def hand_in(self, node: Node, papers: Papers) -> str:
        """Submit and return the request's id as people read it."""
        found = node.outside.submit(self.token, papers.request, papers.task, papers.code)
        return shown(found)

    def ask(self, node: Node, job: Job, **wish: Plain) -> str:
        now = node.parts.core.clock()
        return self.hand_in(node, self.papers(job, now, **wish))

    def granted(self, node: Node, job: Job, **wish: Plain) -> str:
        """Ask, let the owner allow it as asked for, and return the grant's id."""
        return named(allow(node, self.ask(node, job, **wish)))


def shown(request: RequestId | Id16) -> str:
    return f"q-{request.hex()[-12:]}"


def card_of(node: Node, request: str) -> RequestCard:
    return node.requests.show(request)


def allow(node: Node, request: str, terms: Terms | None = None) -> GrantView:
    card = card_of(node, request)
    return node.requests.approve(
        request, terms or card.asked_terms, card.digest, PASSPHRASE, card.points.keys()
    )


def preview(node: Node, request: str) -> bytes:
    card = card_of(node, request)
    return node.requests.preview(
        request, card.asked_terms, card.digest, PASSPHRASE, card.points.keys()
    )


@dataclass(frozen=True)
class Ready:
    """A home in which an app's request was allowed: on demand, and for one answer."""

    home: Path
    asker: Asker
    request: str
    grant: GrantView
    once: GrantView


def named(grant: GrantView) -> str:
    return f"g-{grant.id.hex()[-12:]}"


def kinds(node: Node) -> list[str]:
    """Return what happened, the newest first."""
    return [line.kind for line in node.audit.lines()]


def charged(node: Node) -> MicroBits:
    """Return what all entries of the log cost together."""
    return MicroBits(sum(line.cost for line in node.audit.lines()))


def refusal(work: Callable[[], object]) -> tuple[type[SealholdError], str, str, str]:
    """Return all that an outsider sees of a refusal."""
    try:
        work()
    except SealholdError as err:
        return type(err), str(err), err.code(), err.remedy()
    raise AssertionError("it was not refused")


DENIED = (DeniedError, "denied", "DENIED", DeniedError.remedy())
