"""The asker's side: an app's keys, the papers it hands in, and opening what it is answered.

- An app has two secrets: the seed it signs with, and the secret that answers are sealed to. Both
  stand in one JSON document that only the app's developer keeps.
- The app is the author of its task here: one key signs the request and the manifest.
- What is not said is taken from the manifest: its first parameter and selection, its reason, and
  a budget for one answer, or for twelve where more than one is asked for.

Source: docs/spec/07-grants.md section 3; docs/spec/08-task-manifest.md section 8.
"""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from sealhold.compute.leakage import query_price
from sealhold.compute.leaving import box_info
from sealhold.compute.resources import sign_version
from sealhold.compute.slots import REPLY_BYTES, unpad
from sealhold.compute.task import PAYLOAD_TYPE, Task, open_task, parse_task
from sealhold.compute.taskfolder import read_folder
from sealhold.compute.verify import looks_like_presentation
from sealhold.crypto import dsse, sdjwt
from sealhold.crypto.digest import sha256
from sealhold.crypto.hybrid import BoxKey
from sealhold.crypto.seal import new_key
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import PublicKey, SigningKey, key_words
from sealhold.model.clock import Entropy
from sealhold.model.encoding import Plain, from_json, to_json
from sealhold.model.errors import GivenUpError, InvalidEncodingError, InvalidError
from sealhold.model.ids import AppId, RequestId, TaskDigest
from sealhold.model.quantities import DAY, Instant, MicroBits
from sealhold.model.shown import Mode
from sealhold.policy.documents import parse_instant
from sealhold.policy.readiness import READY, parse_readiness
from sealhold.policy.request import (
    MEDIA_TYPE,
    Destination,
    Request,
    Schedule,
    parse_request,
    to_document,
)

KEYS_SCHEMA: Final = "sealhold.app-keys/1"
MAX_ANSWER: Final = REPLY_BYTES  # bytes; `run --out` writes less, the seal without what fills it up
MAX_KEYS: Final = 4_096  # bytes of the document; it needs about 200
UNDECIDED: Final = 14 * DAY  # how long a request waits for its owner
IN_FORCE: Final = 30 * DAY  # how long an allowance is asked for, if nothing else is said
SEVERAL: Final = 12  # answers that a budget covers by default, where more than one is asked for


class _Keys(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    schema: str
    seed: str
    box: str


class AppKeys:
    """The secrets of one app."""

    __slots__ = ("box", "seed", "signing")

    def __init__(self, seed: Secret, box: Secret) -> None:
        self.seed = seed
        self.signing = SigningKey(seed)
        self.box = BoxKey.from_secret(box)

    @property
    def public(self) -> PublicKey:
        """The 32-byte key that a vault registers."""
        return self.signing.public

    @property
    def words(self) -> tuple[str, ...]:
        """Four words by which a person tells the key from another."""
        return tuple(key_words(self.public))

    def document(self) -> bytes:
        """Return the secrets as JSON: for a file that its owner alone can read."""
        return to_json(
            {
                "schema": KEYS_SCHEMA,
                "seed": self.seed.reveal().hex(),
                "box": self.box.secret.reveal().hex(),
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the developer says; what is None is taken from the task."""

    app: AppId
    name: str | None = None  # what would leave, in a few words
    reason: str | None = None
    param: str | None = None
    selection: str | None = None
    recipient: str | None = None  # who gets the answer, by name
    url: str = "https://localhost/"
    daily: bool = False
    mode: Mode = Mode.ONCE
    until: Instant | None = None
    budget: MicroBits | None = None
    retention_days: int = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Papers:
    """What an app hands in."""

    request: bytes  # DSSE
    task: bytes  # DSSE
    code: bytes
    digest: TaskDigest  # needed to open the answer
    label: str  # what would leave


def make_keys(entropy: Entropy) -> AppKeys:
    """Return fresh keys of an app."""
    return AppKeys(new_key(entropy, "app seed"), new_key(entropy, "app box key"))


def read_keys(document: bytes) -> AppKeys:
    """Return the keys that `AppKeys.document` wrote.

    Raises:
        InvalidError: another document, or a damaged one.
    """
    try:
        found = msgspec.convert(from_json(document, limit=MAX_KEYS), _Keys, strict=True)
        secrets = [bytes.fromhex(found.seed), bytes.fromhex(found.box)]
    except (InvalidEncodingError, msgspec.ValidationError, ValueError) as err:
        raise InvalidError("not the keys of an app") from err
    if found.schema != KEYS_SCHEMA or [len(each) for each in secrets] != [32, 32]:
        raise InvalidError("not the keys of an app")
    return AppKeys(Secret(secrets[0], "app seed"), Secret(secrets[1], "app box key"))


def build_request(folder: Path, keys: AppKeys, wish: Wish, now: Instant) -> Papers:
    """Return the signed papers with which an app asks for answers of the task in `folder`.

    Raises:
        NotFoundError: a file of the task is missing.
        InvalidManifestError: the task or the wish breaks a rule of its form.
        UnknownPurposeError: the task's purpose is not in the vocabulary.
    """
    task_folder = read_folder(folder)
    payload = task_folder.payload(keys.public)
    task = parse_task(payload)
    document = to_document(_request(task, keys, wish, now))
    parse_request(document)
    return Papers(
        request=dsse.sign(MEDIA_TYPE, to_json(document), [keys.signing]),
        task=dsse.sign(PAYLOAD_TYPE, payload, [keys.signing]),
        code=task_folder.code,
        digest=task.digest,
        label=document["name"],
    )


def task_id(envelope: bytes) -> TaskDigest:
    """Return the id of a signed task.

    Raises:
        InvalidError: it is none.
        BadSignatureError: the author's signature does not fit.
    """
    return open_task(envelope).task.digest


def open_answer(answer: bytes, keys: AppKeys, request: RequestId, task: TaskDigest) -> bytes:
    """Return the proof file that was sealed to `keys` in answer to `request`.

    Args:
        answer: as `sealhold run --out` wrote it, or filled up, as an app fetches it.
        keys: the app's.
        request: the id that the vault gave the request.
        task: the digest of the task that was asked for.

    Raises:
        GivenUpError: there is no answer in it: the program was not done by its last slot.
        SealBrokenError: for other keys, another request or task, or changed on the way.
        InvalidError: as long as a fetched answer, and filled up otherwise.
    """
    sealed = unpad(answer) if len(answer) == REPLY_BYTES else answer
    if not sealed:
        raise GivenUpError("the answer was given up: the program was not done by its last slot")
    return keys.box.open(sealed, box_info(request, task))


class Notices:
    """What an app was told to be ready; each answer is taken once."""

    def __init__(self, vault: PublicKey, app: AppId) -> None:
        """Take the key that signs the vault's proofs, and the app's own id."""
        self._vault = vault
        self._app = app
        self._taken: set[tuple[RequestId, bytes]] = set()

    def take(self, notice: bytes, answer: bytes) -> RequestId:
        """Return the request that `answer`, as it was fetched, was announced under.

        Raises:
            BadSignatureError: another vault's word.
            InvalidError: of another app, of nothing, of other bytes, or taken before.
        """
        found = parse_readiness(from_json(dsse.open(notice, READY, [self._vault]).payload))
        if found.app != self._app or found.run != sha256(answer):
            raise InvalidError("a notice of something else")
        if (found.request, found.run) in self._taken:
            raise InvalidError("this answer was taken before")
        self._taken.add((found.request, found.run))
        return found.request


def told_in(proof: bytes) -> dict[str, Plain]:
    """Return `value` and `slot_time` of a proof or presentation as it tells them, unchecked.

    Raises:
        InvalidEncodingError: neither, or no number and no time in their form are told.
    """
    if looks_like_presentation(proof):
        text = proof.decode("ascii", "replace")
        opened = {each.name: each.value for each in sdjwt.disclosed_unverified(text)}
        told: Plain = {**sdjwt.read_unverified(text), "value": opened.get("value")}
    else:
        whole = from_json(proof)
        told = whole.get("answer") if isinstance(whole, dict) else None
    # THREAT T34: what a vault sealed is a stranger's word, and goes to the developer's terminal
    match told:
        case {"value": int() as value, "slot_time": str() as time} if type(value) is int:
            with suppress(ValueError):
                parse_instant(time)
                return {"slot_time": time, "value": value}
    raise InvalidEncodingError("neither a proof nor a presentation")


def _request(task: Task, keys: AppKeys, wish: Wish, now: Instant) -> Request:
    param = task.params[0].id if wish.param is None else task.param(wish.param).id
    chosen = task.selections[0] if wish.selection is None else task.selection(wish.selection)
    answers = 1 if wish.mode is Mode.ONCE else SEVERAL
    until = Instant(now + IN_FORCE) if wish.until is None else wish.until
    name = wish.name or task.name
    return Request(
        app=wish.app,
        name=name,
        purpose=task.purpose,
        reason=(("en", wish.reason),) if wish.reason else tuple(sorted(task.reason.items())),
        task=task.digest,
        param=param,
        selection=chosen.id,
        destination=Destination(
            name=wish.recipient or task.author.name, url=wish.url, box_key=keys.box.public
        ),
        schedule=Schedule.DAILY if wish.daily else Schedule.DEMAND,
        retention_days=wish.retention_days,
        expires=Instant(min(now + UNDECIDED, until)),
        budget=wish.budget or MicroBits(answers * query_price(task).total),
        mode=wish.mode,
        until=until,
    )


def sign_file(keys: AppKeys, url: str, number: int, content: bytes) -> bytes:
    """Return what a server gives out at `url` as version `number` of a file that tasks read.

    Raises:
        InvalidError: no address that a task could name, or no number of a version.
    """
    return sign_version(url, number, content, keys.signing)
