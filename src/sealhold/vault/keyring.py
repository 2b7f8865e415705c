"""The keys of the vault: root > epoch > app > subject > one per record version.

- The root key opens the epoch's key, that the key set's file; in it stand the app keys under the
  epoch's key, the subject keys under their app's, and the vault's own named keys.
- What a subject's and an app's keys can do is made in `keyuses`; they are turned over in
  `keyturns`, and a subject key that wrapped often enough asks for that itself.
- Whoever erases a subject key has erased all that hangs on it; nothing of a subject lies outside.
- Of the subjects one is the owner; the others are people whom apps keep data of. An app has a key
  once it keeps people, and each field that they are found by has one of its own.
- The key set counts its generations, and the data database repeats the count: an old copy of the
  key set shows. The count goes on from one epoch's set to the next.
- In the set of a next epoch each app has another key, and every key another wrap. An app that
  erased somebody has another key of tags: those in older rows can be tried for no value then.

Source: docs/spec/03-keys.md sections 1, 10 and 13.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from threading import RLock
from weakref import WeakValueDictionary

from msgspec import structs

from sealhold.crypto.digest import Keyed
from sealhold.crypto.seal import COUNTED, NOBODY, Sealer, new_key
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.crypto.tags import Tag
from sealhold.model.clock import Entropy
from sealhold.model.errors import (
    SealholdError,
    StoreUnavailableError,
    TamperedError,
)
from sealhold.model.ids import AppId, SubjectId
from sealhold.stores.spec import Delete, DeleteWhere, Expect, Fence, Op, Put, RecordStore
from sealhold.vault.deciding import rows_of
from sealhold.vault.heldkeys import (
    TAGS,
    FieldKey,
    Held,
    HeldApp,
    HeldField,
    HeldSubject,
    Owner,
    is_anew,
)
from sealhold.vault.keyuses import AppKeys, Counted, SubjectKeys, app_keys_of, keys_of
from sealhold.vault.reserves import NoReserves, Reserves, Room
from sealhold.vault.versions import Turning, Versions
from sealhold.vault.wraps import ACTIVE, HEAD, NAMED, OWNER, SUBJECT, KeySet, put_field, put_subject

__all__ = ["AppKeys", "Keyring", "SubjectKeys"]  # whoever has keys has them from here

AT_HAND = 4_096  # people whose keys stay open at most
HALF_CLOSED = "an epoch was closed half; lock the vault and open it"
WORN = 2**30  # wraps, about; long before the 2^31 after which two nonces might meet
AT_ONCE = 500  # keys that are copied in one commit
LOG_SIGN = "log-sign"  # the first key that signs for the log; `logkeys.py` knows the others
NAMED_KEYS = ("data-file", "log", LOG_SIGN, "proof-sign", "grant-sign", "set-hash", "token")


class Keyring:
    """Opens and makes keys; several threads may call at once.

    The vault's own keys stay in memory while it is open, those of other subjects while they are
    in use.
    """

    def __init__(
        self, store: RecordStore, epoch_key: Secret, entropy: Entropy, epoch: int = 1
    ) -> None:
        self.lies_in = KeySet(epoch, store, Sealer(epoch_key), Fence(0))
        self._turn = RLock()  # one changes the set, or opens keys out of it, at a time
        self.entropy = entropy
        self._named: dict[str, Secret] = {}
        self._subjects: dict[SubjectId, SubjectKeys] = {}
        # of everybody whose keys somebody still uses, at hand or not
        self._turning: WeakValueDictionary[SubjectId, Turning] = WeakValueDictionary()
        self.generation = 0
        self.unnamed: set[SubjectId] = set()  # made here, whose rows are not committed yet
        self.worn: set[SubjectId] = set()  # whose key wrapped so often that it is to be turned over
        self._is_frozen = False
        self.reserves: Reserves = NoReserves()

    def begin(self, fence: Fence) -> None:
        """Fill an empty key set with the vault's own keys."""
        self.lies_in = replace(self.lies_in, fence=fence)
        self._named = {name: new_key(self.entropy, name) for name in NAMED_KEYS}
        self.commit([self.lies_in.put_named(*named, self.entropy) for named in self._named.items()])
        del self._named[LOG_SIGN]

    def load(self, fence: Fence) -> None:
        """Open the vault's own keys.

        Raises:
            TamperedError: the set is not whole.
        """
        self.lies_in = replace(self.lies_in, fence=fence)
        head = self.lies_in.store.get(HEAD.name, [(0,)])[0]
        if head is None:
            raise TamperedError("the key set has no head")
        self.generation = head.row[1]
        names = (name for name in NAMED_KEYS if name != LOG_SIGN)  # which may be over
        self._named = {name: self.lies_in.named(name) for name in names}

    def named(self, name: str) -> Secret:
        """Return one of the vault's own keys."""
        return self._named[name]

    def signer(self, name: str) -> SigningKey:
        """Return one of the vault's own keys as a signing key."""
        return SigningKey(self._named[name])

    def add_named(self, name: str) -> None:
        """Make one more of the vault's own keys, unless there is one of that name."""
        with self._turn:
            if not self.has_named(name):
                key = new_key(self.entropy, name)
                self.commit([self.lies_in.put_named(name, key, self.entropy)])

    def keep_named(self, name: str, kept: Secret) -> None:
        """Keep something beside the vault's own keys, in the place of what had that name."""
        with self._turn:
            op = self.lies_in.put_named(name, kept, self.entropy)
            self.commit([structs.replace(op, expect=Expect.ANY)])

    def has_named(self, name: str) -> bool:
        """Return whether the vault has a key of its own of that name."""
        with self._turn:
            return self.lies_in.store.get(NAMED.name, [(name, 1)])[0] is not None

    def forget_named(self, name: str) -> None:
        """Destroy one of the vault's own keys, in the set and in what its file keeps of it."""
        with self._turn:
            if self.has_named(name):
                self.commit([Delete(NAMED.name, (name, 1))])
                self.lies_in.store.purge()

    def add_app(self, app: AppId) -> None:
        """Make the keys of an app, unless it has them."""
        with self._turn:
            if not self.lies_in.has_app(app):
                made = HeldApp(1, new_key(self.entropy, "app"), new_key(self.entropy, "app base"))
                self.commit([self.lies_in.put_app(app, made, self.entropy)])

    def app(self, app: AppId) -> AppKeys:
        """Return what an app's keys can do.

        Raises:
            NotFoundError: it has none.
            SealBrokenError: its keys are not those that were made for it.
        """
        with self._turn:
            base = self.lies_in.app(app).base
        return app_keys_of(app, base)

    def add_field(self, app: AppId, field: str) -> None:
        """Make the key of a field that people of an app can be found by, unless it has one.

        With the first one, the app gets its key of tags.
        """
        with self._turn:
            missing = [each for each in (TAGS, field) if not self.lies_in.has_field(app, each)]
            if missing:
                under, entropy = self.lies_in.app(app), self.entropy
                made = {each: HeldField(1, ACTIVE, new_key(entropy, "field")) for each in missing}
                self.commit([put_field(app, *each, under, entropy) for each in made.items()])

    def fields(self, app: AppId, field: str) -> tuple[Keyed, ...]:
        """Return what makes the inner tags of a field's values, the key in force first.

        Raises:
            NotFoundError: it has no key.
            SealBrokenError: a key is not the one that was made for it.
        """
        with self._turn:
            held = self.lies_in.fields(app, field)
        return tuple(Keyed(each.key, Tag.LOOKUP_INNER) for each in held)

    def tags(self, app: AppId) -> Keyed:
        """Return what makes the tags that an app's people are found by.

        Raises:
            NotFoundError: the app has none, since its people are found by no field.
            SealBrokenError: the key is not the one that was made for it.
        """
        with self._turn:
            held = self.lies_in.fields(app, TAGS)[0]
        return Keyed(held.key, Tag.LOOKUP_OUTER)

    def add_subject(self, app: AppId, subject: SubjectId) -> None:
        """Make the keys of a subject of an app."""
        key, base = new_key(self.entropy, "subject"), new_key(self.entropy, "base")
        with self._turn:
            under = self.lies_in.app(app)
            made = HeldSubject((subject, 1, app, under.version, ACTIVE, 0, 0, NOBODY), key, base)
            op = put_subject(made, under, self.entropy)
            self.unnamed.add(subject)
            self.commit([structs.replace(op, expect=Expect.ABSENT)])

    def name_owner(self, subject: SubjectId, app: AppId) -> None:
        """Note whose vault this is, once and for all."""
        self.commit([_put_owner((subject, app))])

    def owner(self) -> Owner:
        """Return the subject whose vault this is, and the app of the vault's own.

        Raises:
            TamperedError: the key set does not tell.
        """
        with self._turn:
            return self.lies_in.owner()

    def subject(self, subject: SubjectId) -> SubjectKeys:
        """Return what a subject's keys can do.

        Raises:
            NotFoundError: there is no such subject, or it was erased.
            SealBrokenError: its keys are not those that were made for it.
        """
        known = self._subjects.get(subject)
        if known is not None:
            return known
        with self._turn:  # so that no erased key comes back behind its erasure
            held, turning = self.lies_in.subject(subject), self._turning.get(subject)
            known = keys_of(held, self.counting(subject), turning)
            self._turning[subject] = known.turning
            if len(self._subjects) >= AT_HAND:
                del self._subjects[next(iter(self._subjects))]
            self._subjects[subject] = known
            return known

    def versions(self, subject: SubjectId) -> tuple[int, ...]:
        """Return the versions of a subject's key; none if there is no such subject."""
        with self._turn:
            found = rows_of(self.lies_in.store, SUBJECT, "key", subject)
            return tuple(int(each.row[1]) for each in found)

    def erase_subject(self, app: AppId, subject: SubjectId) -> None:
        """Destroy a subject's keys, in memory, in the set and in what its file keeps of old rows.

        All that hangs on them is unreadable once this returns. Without keys it does nothing.

        Raises:
            TamperedError: the subject is another app's, or the owner; nothing was destroyed.
            StoreUnavailableError: the disk refuses; the keys may be there still.
        """
        with self._turn:
            store = self.lies_in.store
            found = list(rows_of(store, SUBJECT, "key", subject))
            # THREAT T236: whose person it is, the key set says, and not the row beside the data
            if any(each.row[2] != app for each in found):
                raise TamperedError("the keys of a person are another app's")
            self._subjects.pop(subject, None)

            def destroy() -> None:
                self.commit([DeleteWhere(SUBJECT.name, "key", (subject,))])
                store.purge()

            self.reserves.spend(Room.RIGHTS, destroy)
            self.unnamed.discard(subject)

    def counting(self, subject: SubjectId) -> Counted:
        """Return what notes that a version of a subject's key made its next 65,536 wraps."""

        def count(version: int) -> None:
            with self._turn:
                found = self.lies_in.store.get(SUBJECT.name, [(subject, version)])[0]
                if found is not None:  # else it was destroyed meanwhile
                    *clear, used, job, wrap, base = found.row
                    used += COUNTED
                    self.commit([Put(SUBJECT.name, (*clear, used, job, wrap, base))])
                    if used >= WORN:
                        self.worn.add(subject)

        return count

    def forget(self, subjects: Iterable[SubjectId]) -> None:
        """Read the keys of subjects anew when they are next wanted."""
        with self._turn:
            for subject in subjects:
                self._subjects.pop(subject, None)

    def turned(self, people: Iterable[Versions]) -> None:
        """Let whoever uses the keys of people go on with these, which open all that they did."""
        with self._turn:
            for each in people:
                turning = self._turning.get(each.subject)
                if turning is not None:
                    turning.now = each

    @contextmanager
    def still(self) -> Iterator[None]:
        """Let no other thread make, open or erase a key until the block ends."""
        with self._turn:
            yield

    def freeze(self) -> None:
        """Refuse each change from now on: the next opening may find another set in force."""
        with self._turn:
            self._is_frozen = True

    def inherit(
        self, generation: int, held: Held, fence: Fence, anew: Collection[AppId] = ()
    ) -> None:
        """Fill an empty set with every key that another holds; only apps get another key.

        The apps of `anew` get another key of the tags that people are found by, too.
        """
        self.lies_in = to = replace(self.lies_in, fence=fence)
        self.generation, entropy = generation, self.entropy
        # THREAT T220: an app key that outlived its epoch would open what old copies hold under it
        apps = {
            app: HeldApp(each.version + 1, new_key(entropy, "app"), each.base, each.job)
            for app, each in held.apps.items()
        }
        ops: list[Op] = [
            _put_owner(held.owner),
            *(to.put_named(name, key, entropy) for name, key in held.named.items()),
            *(to.put_app(app, made, entropy) for app, made in apps.items()),
            *(
                # THREAT T262: by a key of tags that lived on, old rows could be tried for a value
                put_field(*at[:2], _turned(at, held_field, anew, entropy), apps[at[0]], entropy)
                for at, held_field in held.fields.items()
            ),
            *(put_subject(each, apps[AppId(each.row[2])], entropy) for each in held.subjects),
        ]
        for first in range(0, len(ops), AT_ONCE):
            self.commit(ops[first : first + AT_ONCE])

    def held(self) -> Held:
        """Open every key of the set, from the set.

        Raises:
            TamperedError: an app has not one key in force, or a key's app has none.
            SealBrokenError: a key does not open.
        """
        with self._turn:
            return self.lies_in.held()

    def take(self, new: "Keyring") -> None:
        """Go on with the set of the next epoch, and let go of this one."""
        with self._turn:
            old, self.lies_in = self.lies_in, new.lies_in
            self.generation = new.generation
            old.store.close()

    def faults(self) -> tuple[str, ...]:
        """Return what is damaged in the set's file."""
        with self._turn:
            try:
                return self.lies_in.store.check().faults
            except SealholdError as err:
                return (str(err),)

    def close(self) -> None:
        """Let go of the set."""
        self.lies_in.store.close()

    def commit(self, ops: Sequence[Op]) -> None:
        """Write operations into the set, and count that.

        Raises:
            StoreUnavailableError: the disk refuses, or the next opening may find another set.
        """
        with self._turn:
            if self._is_frozen:
                raise StoreUnavailableError(HALF_CLOSED)
            count = Put(HEAD.name, (0, self.generation + 1))
            self.lies_in.store.commit((), lambda _: (*ops, count), self.lies_in.fence)
            self.generation += 1


def _turned(at: FieldKey, held: HeldField, anew: Collection[AppId], entropy: Entropy) -> HeldField:
    """Return the key of a field as the next epoch has it."""
    return HeldField(1, ACTIVE, new_key(entropy, "tags")) if is_anew(at, anew) else held


def _put_owner(owner: Owner) -> Put:
    return Put(OWNER.name, (0, *owner), Expect.ABSENT)
