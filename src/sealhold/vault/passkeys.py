"""People's passkeys: added on their own page, shown to sign in, taken out again.

- A passkey lies sealed under its person's key, and is found by a keyed tag of its id.
- Each sign-in puts the count that the key gave over the one before, in the commit that makes the
  token: of two answers with one count, one is refused.
- Whoever has a passkey adds and takes out passkeys with one; a link no longer does.

Source: docs/spec/30-access.md section 7.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from sealhold.audit.event import Actor, EventKind
from sealhold.crypto.digest import mac16
from sealhold.crypto.passkey import Credential
from sealhold.crypto.tags import Tag
from sealhold.model.errors import ConflictError, DeniedError, ExhaustedError, NotFoundError
from sealhold.model.ids import AppId, Id16, SubjectId
from sealhold.model.principals import NewToken, PasskeyView, Way
from sealhold.model.quantities import Instant
from sealhold.stores.spec import Delete, Expect, Found, Op, Put
from sealhold.vault.core import Core
from sealhold.vault.keyring import SubjectKeys
from sealhold.vault.papers import Papers
from sealhold.vault.passkeyrows import PASSKEYS, SLOTS, passkeys_of
from sealhold.vault.principals import Principals
from sealhold.vault.tokenrows import PersonToken
from sealhold.vault.using import Use, Uses
from sealhold.vault.writer import Work

MAX_NAME = 40  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """A passkey as its row says."""

    credential: Credential
    name: str
    added_at: Instant
    used_at: Instant | None
    v: int  # 0: not kept yet


class Passkeys:
    """The passkeys of the people of one vault."""

    def __init__(self, core: Core, uses: Uses, principals: Principals) -> None:
        self._core = core
        self._uses = uses
        self._principals = principals

    def all(self, held: PersonToken) -> tuple[PasskeyView, ...]:
        """Return a person's passkeys."""
        keys = self._core.keyring.subject(held.subject)
        return tuple(self._view(found, keys) for found in passkeys_of(self._core, held.subject))

    def known(self, held: PersonToken) -> tuple[bytes, ...]:
        """Return the ids of a person's passkeys, so that none is made twice."""
        keys = self._core.keyring.subject(held.subject)
        return tuple(
            self._open(found, keys).credential.id for found in passkeys_of(self._core, held.subject)
        )

    def add(self, held: PersonToken, made: Credential, name: str) -> None:
        """Keep a passkey.

        Raises:
            DeniedError: the person may not choose with this token, or has this passkey already.
            ExhaustedError: they have ten.
        """
        use = self._may(held)
        person, keys = use.whole()
        taken = {found.row[1] for found in passkeys_of(self._core, person.id)}
        free = next((slot for slot in SLOTS if slot not in taken), None)
        if free is None:
            raise ExhaustedError(f"a person has at most {len(SLOTS)} passkeys")
        if made.id in self.known(held):
            raise DeniedError("denied")
        now = self._core.clock()
        name = name.strip()[:MAX_NAME]
        kept = _Kept(credential=made, name=name, added_at=now, used_at=None, v=0)
        put = self._put(keys, free, kept)
        self._commit(held, use, (put,), "a passkey was added")

    def remove(self, held: PersonToken, slot: int) -> None:
        """Take a passkey out.

        Raises:
            DeniedError: the person may not choose with this token, or has no such passkey.
        """
        use = self._may(held)
        found = self._core.deciding.get(PASSKEYS.name, held.subject, slot)
        if found is None:
            raise DeniedError("denied")
        gone = Delete(PASSKEYS.name, (held.subject, slot), found.v)
        self._commit(held, use, (gone,), "a passkey was taken out")

    def sign_in(
        self, credential: bytes, verify: Callable[[Credential], Credential], until: Instant
    ) -> NewToken:
        """Return a token of whoever showed a passkey.

        Args:
            credential: the id of the passkey that was shown.
            verify: returns it as it is after that, or refuses.
            until: when the token ends.

        Raises:
            DeniedError: no such passkey, or it does not hold.
        """
        found = self._found(credential)
        app, subject = AppId(Id16(found.row[3])), SubjectId(Id16(found.row[0]))
        try:
            keys = self._core.keyring.subject(subject)
        except NotFoundError as err:  # erased in this very moment
            raise DeniedError("denied") from err
        kept = self._open(found, keys)
        used = replace(kept, credential=verify(kept.credential), used_at=self._core.clock())
        # THREAT T298: of two answers by one key, or by its copy, the second meets another row
        put = self._put(keys, found.row[1], used)
        try:
            return self._principals.signed_in(app, subject, until, Way.PASSKEY, (put,))
        except ConflictError as err:
            raise DeniedError("denied") from err

    def _found(self, credential: bytes) -> Found:
        tag = self._tag(credential)
        page = self._core.store.scan(PASSKEYS.name, "tag", (tag,), (), limit=1)
        row = page.rows[0].row if page.rows else None
        found = self._core.deciding.get(PASSKEYS.name, row[0], row[1]) if row else None
        if found is None or found.row[2] != tag:
            raise DeniedError("denied")
        return found

    def _may(self, held: PersonToken) -> Use:
        use = self._uses.of(held.app, held.subject, actor=Actor.PERSON)
        # THREAT T298: a link that the app could use itself adds no passkey beside one that is there
        if not held.may_choose:
            raise DeniedError("denied")
        use.whole()
        return use

    def _commit(self, held: PersonToken, use: Use, ops: tuple[Op, ...], reason: str) -> None:
        told = use.entry(use.event(EventKind.ACCESS, reason))
        work = Work((*held.guards, *use.guards(()), *ops), (told,), releases=True)
        try:
            self._core.writer.commit(work)
        except ConflictError as err:
            raise DeniedError("denied") from err

    def _put(self, keys: SubjectKeys, slot: int, kept: _Kept) -> Put:
        made = kept.credential
        clear = (keys.subject, slot, self._tag(made.id), keys.app, made.signed)
        paper = [made.id, made.public, kept.name, kept.added_at, kept.used_at]
        sealed = Papers(keys, self._core.entropy).seal(PASSKEYS.name, clear, paper)
        return Put(PASSKEYS.name, (*clear, sealed), kept.v or Expect.ABSENT)

    def _open(self, found: Found, keys: SubjectKeys) -> _Kept:
        *clear, sealed = found.row
        papers = Papers(keys, self._core.entropy)
        credential, public, name, added_at, used_at = papers.open(
            PASSKEYS.name, tuple(clear), sealed
        )
        return _Kept(
            credential=Credential(id=credential, public=public, signed=found.row[4]),
            name=name,
            added_at=added_at,
            used_at=used_at,
            v=found.v,
        )

    def _view(self, found: Found, keys: SubjectKeys) -> PasskeyView:
        kept = self._open(found, keys)
        return PasskeyView(
            slot=found.row[1], name=kept.name, added_at=kept.added_at, used_at=kept.used_at
        )

    def _tag(self, credential: bytes) -> bytes:
        return mac16(self._core.keyring.named("token"), Tag.PASSKEY, credential)
