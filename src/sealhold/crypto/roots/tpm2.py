"""A root in this machine's TPM 2.0, through the programs of tpm2-tools.

- A slot is 32 random bytes that the TPM gives out only while chosen registers stand as they did
  when the slot was made, and only while a counter in the TPM has the value that it had then.
- Destroying a slot moves its counter on. A counter never goes back, and one that is made anew at
  the same place begins above every value that any had; so no copy of anything brings a slot back.
- What the TPM gives out is one half of the key; the other is the root key from an unlock slot.
  Who has the machine and not the passphrase, or reads the wires between its chips, has nothing.
- The mapping keeps one document per epoch, sealed; its owner decides where. It is there before the
  counter is, so that a slot whose making was cut off can be ended.
- To end a slot takes less than to open it: the key that seals the documents.
- The owner's hierarchy must have no password, as it is when a machine comes.

Source: docs/spec/03-keys.md section 9.2; TPM 2.0 Library, parts 1 (19, 37.2) and 3.
"""

import tempfile
from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sealhold.crypto.digest import framed
from sealhold.crypto.kdf import derive
from sealhold.crypto.rootspec import Destruction, Strength
from sealhold.crypto.seal import KEY_BYTES, Sealer
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.crypto.tpmcall import TpmPrograms, are_installed
from sealhold.model.clock import Entropy
from sealhold.model.encoding import pack, unpack
from sealhold.model.errors import (
    ConflictError,
    ExtraMissingError,
    InvalidEncodingError,
    InvalidError,
    MachineChangedError,
    NotFoundError,
    RootAwayError,
    SealBrokenError,
    SealholdError,
)
from sealhold.model.ids import SealedBytes

NEEDED = (
    "tpm2_create",
    "tpm2_createprimary",
    "tpm2_flushcontext",
    "tpm2_getcap",
    "tpm2_load",
    "tpm2_nvdefine",
    "tpm2_nvincrement",
    "tpm2_nvread",
    "tpm2_nvundefine",
    "tpm2_pcrread",
    "tpm2_policynv",
    "tpm2_policypcr",
    "tpm2_readpublic",
    "tpm2_startauthsession",
    "tpm2_unseal",
)
FORMAT = 1
REGISTERS = (7,)  # what the firmware lets start; it changes with the rules, not with each kernel
PCRS = 24
PLACES = range(0x0180_0000, 0x01C0_0000)  # indices that are registered to no company
COUNTER = "nt=counter|ownerread|ownerwrite|no_da"
PARENT = "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|decrypt"
SEALED = "fixedtpm|fixedparent|noda"  # no `userwithauth`: the policy is the only way
GONE = Destruction(method="counter in the TPM moved on", strength=Strength.NV_COUNTER)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Slot:
    """What is known of a slot outside the TPM."""

    place: int  # of its counter
    count: bytes  # what the counter must have, 8 bytes
    registers: tuple[int, ...]
    values: bytes  # of the registers, joined; tells why the TPM would refuse
    parent: bytes  # the name of the key that it hangs on: which TPM
    public: bytes
    private: bytes  # encrypted by the TPM for itself

    @property
    def selection(self) -> str:
        return f"sha256:{','.join(map(str, self.registers))}"

    def document(self) -> bytes:
        parts = (self.count, list(self.registers), self.values, self.parent, self.public)
        return pack([FORMAT, self.place, *parts, self.private])

    @classmethod
    def of(cls, document: bytes) -> "_Slot":
        """Return the slot of a document whose seal held, so only its format is looked at.

        Raises:
            SealBrokenError: it is of another format.
        """
        try:
            number, place, count, registers, *parts = unpack(document)
            values, parent, public, private = parts
        except (InvalidEncodingError, ValueError, TypeError) as err:
            raise SealBrokenError("a slot in a TPM of no known form") from err
        is_whole = (
            (type(number), number) == (int, FORMAT)
            and type(place) is int
            and place in PLACES
            and isinstance(registers, list)
            and {int} == {type(each) for each in registers}
            and set(registers) <= set(range(PCRS))
            and all(isinstance(each, bytes) for each in (count, *parts))
        )
        if not is_whole:
            raise SealBrokenError("a slot in a TPM of no known form")
        return cls(
            place=place,
            count=count,
            registers=tuple(registers),
            values=values,
            parent=parent,
            public=public,
            private=private,
        )


def _where(document: bytes) -> tuple[int, bytes]:
    """Return place and parent that a document names, of a slot or of one that was only begun.

    Raises:
        SealBrokenError: it is of another format.
    """
    try:
        number, place, parent = unpack(document)
    except (InvalidEncodingError, ValueError, TypeError):
        slot = _Slot.of(document)
        return slot.place, slot.parent
    is_whole = (type(number), number) == (int, FORMAT) and type(place) is int
    if not is_whole or place not in PLACES or not isinstance(parent, bytes):
        raise SealBrokenError("a slot in a TPM of no known form")
    return place, parent


class Tpm2Root:
    """Keeps epoch slots in a TPM, bound to `registers` of its SHA-256 bank.

    Args:
        root: what an unlock slot gives: the other half of each slot's key.
        slots: where what is known of each slot is kept.
        papers: what seals that; the root key if None.
        registers: which must not change; each from 0 to 23.
        tcti: where the TPM is, in the words of tpm2-tools; the system's own if empty.
    """

    def __init__(
        self,
        root: Secret,
        slots: MutableMapping[int, bytes],
        registers: Sequence[int] = REGISTERS,
        tcti: str = "",
        papers: Secret | None = None,
    ) -> None:
        if not are_installed(NEEDED):
            raise ExtraMissingError("a root in a TPM needs the programs of tpm2-tools")
        check_registers(registers)
        self._root = root
        self._papers = papers or root
        self._sealer = Sealer(self._papers)
        self._slots = slots
        self._registers = tuple(sorted(set(registers)))
        self._tcti = tcti

    def create_slot(self, epoch: int, entropy: Entropy) -> None:  # noqa: D102  # said in rootspec
        if epoch in self._slots:
            raise ConflictError(f"epoch slot {epoch} exists already")
        released = Secret(entropy(KEY_BYTES), f"half of slot {epoch}")
        with self._tpm() as tpm:
            taken = _taken(tpm)
            place, parent = _drawn(entropy), _parent(tpm)
            while place in taken:
                place = _drawn(entropy)
            begun = pack([FORMAT, place, parent])
            self._slots[epoch] = self._sealer.seal(begun, _place(epoch), entropy)
            try:
                tpm.run("tpm2_nvdefine", hex(place), "-C", "o", "-s", "8", "-a", COUNTER)
                slot = self._sealed(tpm, place, parent, released)
                self._opened(tpm, slot, epoch)  # before anything hangs on it
                self._slots[epoch] = self._sealer.seal(slot.document(), _place(epoch), entropy)
            except BaseException:
                with suppress(SealholdError):
                    destroy(self._papers, self._slots, epoch, self._tcti)
                raise

    def wrap(self, epoch: int, key: Secret, entropy: Entropy) -> SealedBytes:  # noqa: D102
        return self._slot_key(epoch).wrap(key, _key_place(epoch), entropy)

    def unwrap(self, epoch: int, sealed: bytes, name: str) -> Secret:  # noqa: D102
        return self._slot_key(epoch).unwrap(sealed, _key_place(epoch), name)

    def destroy_slot(self, epoch: int) -> Destruction:  # noqa: D102
        return destroy(self._papers, self._slots, epoch, self._tcti)

    def _slot(self, epoch: int) -> _Slot:
        try:
            sealed = self._slots[epoch]
        except KeyError as err:
            raise NotFoundError(f"no epoch slot {epoch}") from err
        return _Slot.of(self._sealer.open(sealed, _place(epoch)))

    def _slot_key(self, epoch: int) -> Sealer:
        slot = self._slot(epoch)
        with self._tpm() as tpm:
            released = self._opened(tpm, slot, epoch)
        return Sealer(slot_key(self._root, epoch, released))

    def _sealed(self, tpm: TpmPrograms, place: int, parent: bytes, released: Secret) -> _Slot:
        """Seal `released` under the counter at `place` and the registers as they are now.

        Raises:
            RootAwayError: the TPM does not answer, or lacks a register.
        """
        tpm.run("tpm2_nvincrement", hex(place), "-C", "o")
        selection = f"sha256:{','.join(map(str, self._registers))}"
        tpm.run("tpm2_pcrread", selection, "-o", "values")
        values = _read(tpm, "values")
        if len(values) != KEY_BYTES * len(self._registers):
            raise RootAwayError("the TPM has no such SHA-256 registers")
        count = _count(tpm, place)
        with _session(tpm, selection, place, count, "-L", "policy"):
            pass
        tpm.run(
            *("tpm2_create", "-C", "parent.ctx", "-g", "sha256", "-u", "public", "-r", "private"),
            *("-L", "policy", "-a", SEALED, "-i", "-"),
            given=released.reveal(),
        )
        return _Slot(
            place=place,
            count=count,
            registers=self._registers,
            values=values,
            parent=parent,
            public=_read(tpm, "public"),
            private=_read(tpm, "private"),
        )

    def _opened(self, tpm: TpmPrograms, slot: _Slot, epoch: int) -> Secret:
        """Return what the TPM gives out for `slot`.

        Raises:
            NotFoundError: its counter moved on.
            MachineChangedError: its registers did.
            RootAwayError: the TPM does not answer, or is another one.
        """
        _check_is_its_own(tpm, slot.parent)
        if slot.place not in _taken(tpm) or _count(tpm, slot.place) != slot.count:
            raise NotFoundError(f"epoch slot {epoch} was destroyed")
        tpm.run("tpm2_pcrread", slot.selection, "-o", "values")
        if _read(tpm, "values") != slot.values:
            raise MachineChangedError
        _write(tpm, "public", slot.public)
        _write(tpm, "private", slot.private)
        tpm.run(
            *("tpm2_load", "-C", "parent.ctx", "-u", "public", "-r", "private", "-c", "slot.ctx")
        )
        # THREAT T211: what was compared above only names the reason; the TPM itself refuses
        with _session(tpm, slot.selection, slot.place, slot.count):
            released = tpm.call("tpm2_unseal", "-c", "slot.ctx", "-p", "session:session.ctx")
        return Secret(released, f"half of slot {epoch}")

    @contextmanager
    def _tpm(self) -> Iterator[TpmPrograms]:
        with _programs(self._tcti) as tpm:
            yield tpm


def check_registers(registers: Sequence[int]) -> None:
    """Refuse registers that no TPM has.

    Raises:
        InvalidError: none, or one that is not from 0 to 23.
    """
    if not registers or not set(registers) <= set(range(PCRS)):
        raise InvalidError(f"registers from 0 to {PCRS - 1}, and at least one")


def destroy(
    papers: Secret, slots: MutableMapping[int, bytes], epoch: int, tcti: str
) -> Destruction:
    """Destroy the slot of an epoch, or one whose making was cut off, without the root key.

    Args:
        papers: what seals the documents of the slots.
        slots: where these are kept.
        epoch: which one.
        tcti: where the TPM is; the system's own if empty.

    Raises:
        SealBrokenError: its document is damaged.
        RootAwayError: the TPM does not answer, or is another one.
    """
    if epoch not in slots:
        return GONE
    place, parent = _where(Sealer(papers).open(slots[epoch], _place(epoch)))
    with _programs(tcti) as tpm:
        _check_is_its_own(tpm, parent)
        if place in _taken(tpm):  # else it was destroyed, and only the document is left
            # THREAT T212: from here on no copy of the slot opens, whoever kept it
            tpm.run("tpm2_nvincrement", hex(place), "-C", "o")
            tpm.run("tpm2_nvundefine", hex(place), "-C", "o")
    del slots[epoch]
    return GONE


@contextmanager
def _programs(tcti: str) -> Iterator[TpmPrograms]:
    with tempfile.TemporaryDirectory(prefix="sealhold-tpm-") as folder:  # mode 0700
        yield TpmPrograms(folder=Path(folder), tcti=tcti, away=RootAwayError)


def slot_key(root: Secret, epoch: int, released: Secret) -> Secret:
    """Return the key of a slot from what an unlock slot gives and what the TPM gives out."""
    # THREAT T213: neither half is of any use alone
    return derive(root, Tag.TPM_KEY, epoch.to_bytes(8), released.reveal())


def _check_is_its_own(tpm: TpmPrograms, parent: bytes) -> None:
    """Raise unless `parent` is the key of this TPM; a TPM that was cleared is another one.

    Raises:
        RootAwayError: it does not, or the TPM does not answer.
    """
    if _parent(tpm) != parent:
        raise RootAwayError("the slot is of another TPM, or this one was cleared since")


def _parent(tpm: TpmPrograms) -> bytes:
    """Make the parent key, which the TPM derives from its seed each time, and return its name."""
    tpm.run(
        *("tpm2_createprimary", "-C", "o", "-g", "sha256", "-G", "ecc256:aes128cfb"),
        *("-a", PARENT, "-c", "parent.ctx"),
    )
    tpm.run("tpm2_readpublic", "-c", "parent.ctx", "-n", "parent.name")
    return _read(tpm, "parent.name")


def _taken(tpm: TpmPrograms) -> set[int]:
    listed = tpm.run("tpm2_getcap", "handles-nv-index").decode().split()
    return {int(word, 16) for word in listed if word != "-"}


def _drawn(entropy: Entropy) -> int:
    return PLACES[int.from_bytes(entropy(4)) % len(PLACES)]


def _count(tpm: TpmPrograms, place: int) -> bytes:
    return tpm.run("tpm2_nvread", hex(place), "-C", "o")


@contextmanager
def _session(
    tpm: TpmPrograms, selection: str, place: int, count: bytes, *policy: str
) -> Iterator[None]:
    """Open a session in which both conditions were shown; with `policy`, only work them out.

    Raises:
        RootAwayError: one of them does not hold.
    """
    _write(tpm, "count", count)
    kind = () if policy else ("--policy-session",)
    tpm.call("tpm2_startauthsession", *kind, "-S", "session.ctx")
    try:
        tpm.call("tpm2_policypcr", "-S", "session.ctx", "-l", selection)
        tpm.call(
            *("tpm2_policynv", "-S", "session.ctx", "-C", "o", "-i", "count"),
            *(hex(place), "eq", *policy),
        )
        yield
    finally:
        tpm.call("tpm2_flushcontext", "session.ctx")
        tpm.call("tpm2_flushcontext", "-t")


def _read(tpm: TpmPrograms, name: str) -> bytes:
    try:
        return (tpm.folder / name).read_bytes()
    except OSError as err:
        raise RootAwayError(f"the TPM gave no `{name}`") from err


def _write(tpm: TpmPrograms, name: str, content: bytes) -> None:
    (tpm.folder / name).write_bytes(content)


def _place(epoch: int) -> bytes:
    return framed(Tag.TPM_SLOT, epoch.to_bytes(8))


def _key_place(epoch: int) -> bytes:
    return framed(Tag.EPOCH_KEY, epoch.to_bytes(8))
