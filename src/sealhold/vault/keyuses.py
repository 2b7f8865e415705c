"""What the keys of a subject and of an app can do, each for its one use.

- A subject key wraps record keys and nothing else. Tags, the index and log entries use what the
  subject's base key gives: a new subject key then moves no tag. An app has a base key likewise.

Source: docs/spec/03-keys.md sections 1 and 10; docs/spec/28-rotation.md section 1.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sealhold.crypto.digest import Keyed
from sealhold.crypto.kdf import derive
from sealhold.crypto.seal import Sealer
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.ids import AppId, SubjectId
from sealhold.vault.heldkeys import HeldSubject
from sealhold.vault.versions import Turning, Versions

Counted = Callable[[int], None]  # told about every 65,536th wrap under a version, by chance


@dataclass(frozen=True, slots=True)
class SubjectKeys:
    """What one subject's keys can do."""

    subject: SubjectId
    app: AppId
    turning: Turning  # the keys that wrap record keys
    events: Sealer  # seals log entries
    index: Sealer  # seals word segments
    memo: Sealer  # seals answers of tasks on one object
    papers: Sealer  # seals receipts, reports and other documents about the subject
    leaf_ids: Keyed  # names records in the log
    identities: Keyed  # recognises an item that came before
    contents: Keyed  # tells whether it changed
    blocks: Keyed  # places words in the index
    budgets: Keyed  # names what a budget is for
    files: Secret  # recognises a file that was read before
    chunks: Secret  # cuts and names chunks of larger content

    @property
    def now(self) -> Versions:
        """The keys that wrap record keys, at this moment: what seals takes them once."""
        return self.turning.now

    @property
    def version(self) -> int:
        """Which of the subject's keys is in force; with `records`, take both from `now`."""
        return self.turning.now.version

    @property
    def records(self) -> Sealer:
        """What wraps record keys at this moment."""
        return self.turning.now.records

    def opener(self, version: int) -> Sealer:
        """Return what opens the wraps of a version of the subject key.

        Raises:
            SealBrokenError: it is destroyed, or never was.
        """
        return self.turning.now.opener(version)


@dataclass(frozen=True, slots=True)
class AppKeys:
    """What one app's keys can do beside wrapping those of its people."""

    app: AppId
    erased: Keyed  # names the receipts of people who were erased
    receipts: Sealer  # seals these
    repeats: Keyed  # names requests that may come again


def versions_of(held: Sequence[HeldSubject], counted: Counted) -> Versions:
    """Return the record-wrapping keys of a subject, of which the first one is in force."""
    subject, version, app, *_ = held[0].row
    records = Sealer(held[0].key, lambda: counted(version))
    older = {each.version: Sealer(each.key) for each in held[1:]}
    sealers = {version: records, **older}
    return Versions(SubjectId(subject), AppId(app), version, records, sealers)


def keys_of(
    held: Sequence[HeldSubject], counted: Counted, turning: Turning | None = None
) -> SubjectKeys:
    """Return what a subject's keys can do; the first of its versions is in force.

    With `turning`, whoever has that goes on with these versions, too.
    """
    now, base = versions_of(held, counted), held[0].base
    turning = turning or Turning(now)
    turning.now = now
    return SubjectKeys(
        subject=now.subject,
        app=now.app,
        turning=turning,
        events=Sealer(derive(base, Tag.SUBJECT_BASE, b"events")),
        index=Sealer(derive(base, Tag.SUBJECT_BASE, b"index")),
        memo=Sealer(derive(base, Tag.SUBJECT_BASE, b"memo")),
        papers=Sealer(derive(base, Tag.SUBJECT_BASE, b"papers")),
        leaf_ids=Keyed(derive(base, Tag.SUBJECT_BASE, b"leaf ids"), Tag.LEAF_SUBJECT),
        identities=Keyed(derive(base, Tag.SUBJECT_BASE, b"identities"), Tag.IDENTITY),
        contents=Keyed(derive(base, Tag.SUBJECT_BASE, b"contents"), Tag.CONTENT),
        blocks=Keyed(derive(base, Tag.SUBJECT_BASE, b"blocks"), Tag.WORD_BLOCK),
        budgets=Keyed(derive(base, Tag.SUBJECT_BASE, b"budgets"), Tag.LOOKUP),
        files=derive(base, Tag.SUBJECT_BASE, b"files"),
        chunks=derive(base, Tag.SUBJECT_BASE, b"chunks"),
    )


def app_keys_of(app: AppId, base: Secret) -> AppKeys:
    """Return what an app's keys can do."""
    return AppKeys(
        app=app,
        erased=Keyed(derive(base, Tag.APP_BASE, b"erased"), Tag.ERASED_NAME),
        receipts=Sealer(derive(base, Tag.APP_BASE, b"receipts")),
        repeats=Keyed(derive(base, Tag.APP_BASE, b"repeats"), Tag.IDEMPOTENCY),
    )
