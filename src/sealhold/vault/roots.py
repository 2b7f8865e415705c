"""The root of one home, unlocked: it makes, opens and ends epoch slots where they are to lie.

- A passphrase, key file or root value gives the root key; slots lie in files of the home, in this
  machine's TPM, or on a token.
- Where they lie stands in a sealed document beside the unlock slot, with the token's PIN. Nothing
  that it names is called or loaded before its seal held, so a wrong passphrase never gets there.
- A root rules from some epoch on. While it is exchanged there are two; the file `epoch` says which
  one rules, and each has what it takes to end the other's slot, and not to open it.
- With a recovery secret each epoch has an escrow. It goes with the epoch's slot, and as long as it
  is a file, destruction is worth no more than that.

Source: docs/spec/03-keys.md sections 8 and 9.
"""

from contextlib import suppress
from pathlib import Path

from sealhold.crypto.digest import framed
from sealhold.crypto.kdf import derive
from sealhold.crypto.roots import on_token
from sealhold.crypto.roots.software import SoftwareRoot
from sealhold.crypto.rootspec import Destruction, RootProvider, Strength
from sealhold.crypto.seal import Sealer
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.clock import Entropy
from sealhold.model.encoding import pack, unpack
from sealhold.model.errors import (
    ConflictError,
    NotFoundError,
    SealBrokenError,
    SealholdError,
    TamperedError,
    WrongPassphraseError,
)
from sealhold.model.ids import Id16, SealedBytes
from sealhold.vault.home import Home, read
from sealhold.vault.home import replace as write
from sealhold.vault.keeping import (
    DOCUMENT,
    ESCROW,
    LAST,
    NEXT,
    Keeper,
    Keeping,
    Way,
    document_place,
    files,
    named,
    ruling,
)
from sealhold.vault.slotfiles import FileSlots, shred


class SlotEnds:
    """Ends the slots of one root, for whoever has its papers key; opens none."""

    def __init__(self, home: Home, born: int, papers: Secret) -> None:
        """Read where the slots lie.

        Raises:
            TamperedError: the document of it is not what was written.
        """
        self.home = home
        self.born = born  # the first epoch in which it rules; 0 for the root a vault is made with
        self.papers = papers
        self.slots = FileSlots(home)
        self.keeping = self._keeping()

    def destroy(self, epoch: int) -> Destruction:
        """Destroy a slot and its escrow for good; what is gone already is no error.

        Raises:
            RootAwayError: the device that it lies in does not answer.
            TamperedError: what is known of it is damaged.
        """
        gone = self._destroy(epoch)
        had_escrow = shred(self.home.unlock_slot(named(ESCROW, epoch))) or self.keeping.recovery
        if not had_escrow:
            return gone
        # THREAT T308: an escrow in a file is worth no more than a file, whatever the slot was
        return Destruction(
            method=f"{gone.method}, escrow file overwritten", strength=Strength.OVERWRITTEN_FILE
        )

    def before(self) -> "SlotEnds | None":
        """Return what ends the slots of the root before, if some may be left."""
        path = self.home.unlock_slot(named(LAST, self.born))
        if not path.exists():
            return None
        told = self._opened(read(path), framed(Tag.ROOT_BESIDE, b"last", self.born.to_bytes(8)))
        born, papers = unpack(told)
        return SlotEnds(self.home, born, Secret(papers, "papers key of the root before"))

    def after(self) -> "SlotEnds | None":
        """Return what ends the slots of a root that was to follow, if one was begun."""
        for name, born in files(self.home):
            if name == NEXT and born > self.born:
                sealed = read(self.home.unlock_slot(named(NEXT, born)))
                papers = self._opened(sealed, framed(Tag.ROOT_BESIDE, b"next", born.to_bytes(8)))
                return SlotEnds(self.home, born, Secret(papers, "papers key of the next root"))
        return None

    def _destroy(self, epoch: int) -> Destruction:
        match self.keeping.keeper:
            case Keeper.HOME:
                return SoftwareRoot(self.papers, self.slots).destroy_slot(epoch)
            case Keeper.TPM2:
                from sealhold.crypto.roots import tpm2  # noqa: PLC0415  # reason: few have one

                return tpm2.destroy(self.papers, self.slots, epoch, self.keeping.tcti)
            case Keeper.PKCS11:
                gone = self._token().destroy_slot(epoch)
                self.slots.pop(epoch, None)
                return gone

    def _token(self) -> RootProvider:
        kept = self.keeping
        return on_token(Path(kept.module), kept.token, kept.secret_pin, Id16(kept.vault))

    def _keeping(self) -> Keeping:
        path = self.home.unlock_slot(named(DOCUMENT, self.born))
        if not path.exists():
            return Keeping()
        # THREAT T305: a library that somebody else names is not loaded, nor a chip asked
        return Keeping.of(self._opened(read(path), document_place(self.born)))

    def _opened(self, sealed: bytes, place: bytes) -> bytes:
        try:
            return Sealer(self.papers).open(sealed, place)
        except SealBrokenError as err:
            raise TamperedError("a file in `unlock` is not what was written") from err


class HomeRoot(SlotEnds):
    """The root of a home that was unlocked: a root provider whose slots lie where it says."""

    def __init__(
        self, home: Home, born: int, way: Way, root: Secret, escrowed: Secret | None = None
    ) -> None:
        """Take a root key, and the key of the epoch in force if it came out of an escrow.

        Raises:
            TamperedError: where the slots lie is not what was written.
        """
        super().__init__(home, born, derive(root, Tag.ROOT_PAPERS))
        self.way = way
        self._root = root
        self._escrowed = (home.epoch, escrowed)

    @classmethod
    def lay(cls, home: Home, way: Way, root: Secret, keeping: Keeping, entropy: Entropy,
            born: int = 0) -> "HomeRoot":  # fmt: skip
        """Keep where the slots of a new root lie, and return it."""
        if not keeping.is_plain:
            sealer = Sealer(derive(root, Tag.ROOT_PAPERS))
            sealed = sealer.seal(keeping.document(), document_place(born), entropy)
            write(home.unlock_slot(named(DOCUMENT, born)), sealed)
        return cls(home, born, way, root)

    @property
    def key(self) -> Secret:
        """The root key, for a new unlock slot."""
        return self._root

    # --- the contract of a root provider ---

    def create_slot(self, epoch: int, entropy: Entropy) -> None:
        """Make the slot of an epoch; if it cannot be made, nothing is left of it.

        Raises:
            ConflictError: it exists.
            RootAwayError: the device does not answer.
        """
        if self.keeping.keeper is not Keeper.PKCS11:
            self._provider().create_slot(epoch, entropy)
            return
        if epoch in self.slots:
            raise ConflictError(f"epoch slot {epoch} exists already")
        place = framed(Tag.TOKEN_SLOT, epoch.to_bytes(8))
        self.slots[epoch] = Sealer(self.papers).seal(b"", place, entropy)
        try:
            self._provider().create_slot(epoch, entropy)
        except BaseException:
            with suppress(SealholdError):
                self._destroy(epoch)
            raise

    def wrap(self, epoch: int, key: Secret, entropy: Entropy) -> SealedBytes:
        """Return an epoch's key wrapped under its slot, after keeping its escrow."""
        wrapped = self._provider().wrap(epoch, key, entropy)
        if self.keeping.recovery:
            from sealhold.crypto.roots import recovery  # noqa: PLC0415  # reason: few have one

            escrow = recovery.seal_escrow(self.keeping.recovery, epoch, key, self._root)
            write(self.home.unlock_slot(named(ESCROW, epoch)), escrow)
        return wrapped

    def unwrap(self, epoch: int, sealed: bytes, name: str) -> Secret:
        """Return an epoch's key: out of its escrow if that unlocked the vault, else by its slot.

        Raises:
            NotFoundError: there is no such slot.
            SealBrokenError: not a wrap under this slot, or the slot is damaged.
            UnavailableError: the device does not answer, or the machine is another.
        """
        of, key = self._escrowed
        if key is not None and of == epoch:
            return key
        if self.keeping.keeper is Keeper.PKCS11:
            if epoch not in self.slots:
                raise NotFoundError(f"no epoch slot {epoch}")
            place = framed(Tag.TOKEN_SLOT, epoch.to_bytes(8))
            Sealer(self.papers).open(self.slots[epoch], place)
        return self._provider().unwrap(epoch, sealed, name)

    def destroy_slot(self, epoch: int) -> Destruction:
        """Destroy a slot of this root, of one before, or of one that was to follow.

        Raises:
            RootAwayError: the device that it lies in does not answer.
        """
        ends: SlotEnds | None = self
        while ends is not None and epoch < ends.born:
            ends = ends.before()
        following = self.after()
        if following is not None and epoch >= following.born:
            ends = following
        return (ends or self).destroy(epoch)

    # --- one root after another ---

    def follow(self, to: "Secret", born: int, entropy: Entropy) -> None:
        """Keep what ends the slot of each of two roots for the other, before the next has one."""
        mine, next_ = self.papers, derive(to, Tag.ROOT_PAPERS)
        sealed = Sealer(mine).wrap(
            next_, framed(Tag.ROOT_BESIDE, b"next", born.to_bytes(8)), entropy
        )
        write(self.home.unlock_slot(named(NEXT, born)), sealed)
        told = pack([self.born, mine.reveal()])
        sealed = Sealer(next_).seal(
            told, framed(Tag.ROOT_BESIDE, b"last", born.to_bytes(8)), entropy
        )
        write(self.home.unlock_slot(named(LAST, born)), sealed)

    def waiting(self) -> list[int]:
        """Return the epochs whose slots were another root's and may not be destroyed yet."""
        return [born - 1 for name, born in files(self.home) if name == LAST and born <= self.born]

    def tidy(self, *, owed: bool) -> None:
        """Clear away roots that rule no more, and those that were begun and never ruled.

        With `owed`, what it takes to end the slots of roots before stays.
        """
        for path in (self.home.folder / "unlock").glob(".*.new"):
            path.unlink(missing_ok=True)
        following = self.after()
        is_begun = following is not None and any(e >= following.born for e in self.slots)
        for name, born in sorted(files(self.home), key=lambda each: each[0] in {LAST, NEXT}):
            is_way = name in set(Way)
            if born > self.born:
                is_over = not is_begun and name != ESCROW
            elif name == NEXT:
                is_over = born == self.born
            elif name == LAST:
                is_over = not owed
            else:
                is_over = born < self.born and (is_way or (name == DOCUMENT and not owed))
            if is_over:
                # THREAT T306: the way in that was given up is no way to anything any more
                shred(self.home.unlock_slot(named(name, born)))

    def _provider(self) -> RootProvider:
        match self.keeping.keeper:
            case Keeper.HOME:
                return SoftwareRoot(self._root, self.slots)
            case Keeper.TPM2:
                from sealhold.crypto.roots.tpm2 import Tpm2Root  # noqa: PLC0415  # few have one

                kept = self.keeping
                return Tpm2Root(self._root, self.slots, kept.registers, kept.tcti, self.papers)
            case Keeper.PKCS11:
                return self._token()


def recovered(home: Home, text: str) -> HomeRoot | None:
    """Return the root that a recovery secret opens; None if `text` is none, or none is kept to.

    Raises:
        WrongPassphraseError: the secret is another.
        TamperedError: a part of the root is not what was written.
    """
    if not text.strip().lower().startswith("shrec1-"):
        return None
    from sealhold.crypto.roots import recovery  # noqa: PLC0415  # reason: seldom needed

    secret, epoch = recovery.parse(text), home.epoch
    path = home.unlock_slot(named(ESCROW, epoch))
    if secret is None or not path.exists():
        return None
    try:
        key, root = recovery.open_escrow(secret, epoch, read(path))
    except SealBrokenError as err:
        raise WrongPassphraseError from err
    born, way = ruling(home)
    return HomeRoot(home, born, way, root, key)
