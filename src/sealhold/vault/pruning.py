"""Backups that are looked through, and old ones that go: never what a kept one needs.

- A check looks that each part of each backup is there, whole by its length, and reads a sample, or
  all. What no manifest names is no fault: a kill or a pruning leaves it.
- Pruning has two phases. First the manifests of old backups go, and the names of all that none of
  the others names are noted. A day later what was noted goes, if still no manifest names it: so a
  backup that was under way meanwhile loses nothing.
- Of each key that signed, the newest stay. While one manifest cannot be read, nothing goes.

Source: docs/spec/29-operations.md section 5.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sealhold.model.clock import Clock, Entropy
from sealhold.model.encoding import pack, unpack
from sealhold.model.errors import (
    CarrierRefusedError,
    InvalidEncodingError,
    InvalidError,
    ObjectNotFoundError,
    TamperedError,
)
from sealhold.model.ids import ObjectName, SealedBytes
from sealhold.model.quantities import DAY, Instant
from sealhold.model.shown.backups import CheckView, PruneView
from sealhold.stores.copying import Part
from sealhold.stores.spec import ObjectStore
from sealhold.vault.backups import (
    MANIFEST,
    OURS,
    SHARED,
    Manifest,
    Watch,
    checked,
    ids_in,
    read_manifest,
)
from sealhold.vault.rowpacks import SHELF

NOTES: Final = "n"  # begins the name of each note, and of nothing else in a place
GRACE: Final = DAY
SAMPLE: Final = 20  # one in so many parts is read
LEAST: Final = 4  # parts of a sample, if there are so many


def check(place: ObjectStore, entropy: Entropy, watch: Watch, *, read_data: bool) -> CheckView:
    """Look through all backups of a place.

    Raises:
        TamperedError: a manifest or a part is gone, cut or altered, and which.
        StoreUnavailableError: the place does not answer.
    """
    manifests = [read_manifest(place, each) for each in ids_in(place)]
    parts = {part.name: part for manifest in manifests for part in manifest.parts}
    sample = [*parts.values()] if read_data else _sample([*parts.values()], entropy)
    for done, part in enumerate(parts.values()):
        watch(done, len(parts) + len(sample))
        _there(place, part)
    for done, part in enumerate(sample, len(parts)):
        watch(done, len(parts) + len(sample))
        checked(place, part)
    watch(1, 1)
    return CheckView(
        backups=len(manifests),
        parts=len(parts),
        size=sum(part.length for part in parts.values()),
        read=len(sample),
        read_size=sum(part.length for part in sample),
    )


@dataclass(frozen=True, slots=True)
class _Plan:
    drop: list[str]  # backups that are too many
    gone: list[ObjectName]  # noted a day ago, and named by nobody
    noted: list[ObjectName]  # to be noted now
    notes: list[ObjectName]  # that are over
    kept: int

    def told(self, sizes: int, *, is_done: bool) -> PruneView:
        return PruneView(
            kept=self.kept,
            dropped=tuple(self.drop),
            deleted=len(self.gone),
            freed=sizes,
            waiting=len(self.noted),
            is_done=is_done,
        )


@dataclass(frozen=True, slots=True)
class Pruning:
    """Lets go of old backups of one place."""

    place: ObjectStore
    clock: Clock
    entropy: Entropy

    def look(self, keep: int) -> PruneView:
        """Return what would go; nothing changes.

        Raises:
            InvalidError: none is to be kept.
            TamperedError: a manifest is not what was written, so what it needs is not known.
            StoreUnavailableError: the place does not answer.
        """
        plan = self._plan(keep)
        return plan.told(self._sizes(plan.gone), is_done=False)

    def run(self, keep: int) -> PruneView:
        """Let go of all but the newest `keep` of each key that signed.

        Raises:
            InvalidError: none is to be kept.
            TamperedError: a manifest is not what was written, so what it needs is not known.
            CarrierRefusedError: the place keeps what it has.
            StoreUnavailableError: the place does not answer.
        """
        plan = self._plan(keep)
        freed = self._sizes(plan.gone)
        for backup in plan.drop:
            self._delete(ObjectName(f"{backup}/{MANIFEST}"))
        if plan.noted:
            at = self.clock()
            name = ObjectName(f"{NOTES}{at:015d}-{self.entropy(4).hex()}")
            self.place.put(name, SealedBytes(pack([1, at, [*plan.noted]])))
        for name in (*plan.gone, *plan.notes):
            self._delete(name)
        return plan.told(freed, is_done=True)

    def _plan(self, keep: int) -> _Plan:
        if keep < 1:
            raise InvalidError("the newest backup stays")
        manifests = [read_manifest(self.place, each) for each in ids_in(self.place)]
        drop = _too_many(manifests, keep)
        # THREAT T487: what a kept backup names stays, whatever was noted, by whomever
        needed = {part.name for each in manifests if each.id not in drop for part in each.parts}
        before = {part.name for each in manifests for part in each.parts}
        noted, due, over = set[str](), set[str](), list[ObjectName]()
        for name, at, names in self._notes():
            noted.update(names)
            if at + GRACE <= self.clock():
                due.update(names)
                over.append(name)
        loose = {name for name in self._ours() if name not in needed}
        gone = sorted(name for name in loose & due if name not in before)
        return _Plan(
            drop=[each.id for each in manifests if each.id in drop],
            gone=[ObjectName(name) for name in gone],
            noted=[ObjectName(name) for name in sorted((loose - {*gone}) - (noted - due))],
            notes=over,
            kept=len(manifests) - len(drop),
        )

    def _notes(self) -> Iterator[tuple[ObjectName, Instant, list[str]]]:
        for name in list(self.place.names(NOTES)):
            try:
                version, at, names = unpack(self.place.get(name))
            except (InvalidEncodingError, ValueError, TypeError) as err:
                raise TamperedError(f"`{name}` is not what was written") from err
            if version == 1 and type(at) is int and all(type(each) is str for each in names):
                yield name, Instant(at), names

    def _ours(self) -> Iterator[str]:
        """Yield each name in the place that a backup could name."""
        for prefix in (OURS, SHARED, SHELF):
            for name in self.place.names(prefix):
                if not name.endswith(f"/{MANIFEST}"):
                    yield name

    def _sizes(self, names: list[ObjectName]) -> int:
        return sum(self.place.head(name) for name in names)

    def _delete(self, name: ObjectName) -> None:
        """Have an object forgotten.

        Raises:
            CarrierRefusedError: it is still there.
        """
        self.place.delete(name)
        try:
            self.place.head(name)
        except ObjectNotFoundError:
            return
        raise CarrierRefusedError(f"`{name}` is still there: this place keeps what it has")


def _too_many(manifests: list[Manifest], keep: int) -> set[str]:
    """Return the backups that are not among the newest of the key that signed them."""
    by_key: dict[bytes, list[str]] = {}
    for each in manifests:  # the oldest first
        # THREAT T487: what another key signed pushes none of ours out, however new it says it is
        by_key.setdefault(bytes(each.public), []).append(each.id)
    return {backup for ids in by_key.values() for backup in ids[:-keep]}


def _there(place: ObjectStore, part: Part) -> None:
    """Look that a part is there.

    Raises:
        TamperedError: it is gone, or not as long as it was.
    """
    try:
        length = place.head(part.name)
    except ObjectNotFoundError as err:
        raise TamperedError(f"part `{part.name}` is gone") from err
    if length != part.length:
        raise TamperedError(f"part `{part.name}` is cut")


def _sample(parts: list[Part], entropy: Entropy) -> list[Part]:
    """Draw some parts; whoever keeps them cannot foretell which."""
    count = min(len(parts), max(LEAST, -(-len(parts) // SAMPLE)))
    return [parts.pop(int.from_bytes(entropy(8)) % len(parts)) for _ in range(count)]
