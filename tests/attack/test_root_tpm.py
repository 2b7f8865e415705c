"""T211 to T213: a TPM in the hands of somebody else on the same machine."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sealhold.crypto.roots import keyfile, tpm2
from sealhold.crypto.roots.software import SoftwareRoot
from sealhold.crypto.roots.tpm2 import Tpm2Root
from sealhold.crypto.rootspec import Strength
from sealhold.crypto.seal import Sealer
from sealhold.crypto.secret import Secret
from sealhold.crypto.slot import SlotKind
from sealhold.model.errors import (
    ExtraMissingError,
    InvalidError,
    MachineChangedError,
    NotFoundError,
    RootAwayError,
    SealBrokenError,
    UnavailableError,
)
from tests.conformance.root_openers import ENTROPY, TpmOfTests, place
from tests.conformance.software_tokens import SoftTpm

KEK = Secret(b"e" * 32, "epoch key")
ROOT = Secret(b"r" * 32, "root key")
REGISTER = 16  # anybody may extend it, and set it back: a register for tests


@pytest.fixture(scope="module")
def running() -> Iterator[TpmOfTests]:
    made = TpmOfTests()
    yield made
    made.remove()


@pytest.fixture
def tpm(running: TpmOfTests) -> Iterator[SoftTpm]:
    yield running.tpm
    running.tpm.call("tpm2_pcrreset", str(REGISTER))


@pytest.fixture
def slots() -> dict[int, bytes]:
    return {}


@pytest.fixture
def root(tpm: SoftTpm, slots: dict[int, bytes]) -> Tpm2Root:
    made = Tpm2Root(ROOT, slots, (7, REGISTER), tpm.tcti)
    made.create_slot(1, ENTROPY)
    return made


def extend(tpm: SoftTpm) -> None:
    tpm.call("tpm2_pcrextend", f"{REGISTER}:sha256={'ab' * 32}")


def bend(root: Tpm2Root, slots: dict[int, bytes], **changes: bytes | int) -> None:
    """Write slot 1 anew with other entries, as only somebody with the root key can."""
    bent = replace(root._slot(1), **changes)  # type: ignore[arg-type]  # reason: any entry
    slots[1] = root._sealer.seal(bent.document(), tpm2._place(1), ENTROPY)


# --- T211: the machine started something else ---


@pytest.mark.threat("T211")
def test_after_a_register_moved_the_key_stays_in_and_the_error_says_what_to_do(
    tpm: SoftTpm, root: Tpm2Root
) -> None:
    wrapped = root.wrap(1, KEK, ENTROPY)
    extend(tpm)

    with pytest.raises(MachineChangedError) as caught:
        root.unwrap(1, wrapped, "epoch key")

    assert isinstance(caught.value, UnavailableError)
    assert "start the system that was running then" in caught.value.remedy()


@pytest.mark.threat("T211")
def test_it_is_the_tpm_that_refuses_and_not_our_comparison(
    tpm: SoftTpm, root: Tpm2Root, slots: dict[int, bytes]
) -> None:
    wrapped = root.wrap(1, KEK, ENTROPY)
    extend(tpm)
    other = Tpm2Root(ROOT, {}, (7, REGISTER), tpm.tcti)
    other.create_slot(1, ENTROPY)
    bend(root, slots, values=other._slot(1).values)

    with pytest.raises(RootAwayError, match="tpm2_unseal"):
        root.unwrap(1, wrapped, "epoch key")


def test_what_a_changed_machine_keeps_another_slot_of_the_same_key_gives_back(
    tpm: SoftTpm, root: Tpm2Root
) -> None:
    paper = Secret(ENTROPY(32), "recovery secret")
    slot = keyfile.create_slot(Secret(ENTROPY(32), "r"), paper, ENTROPY, SlotKind.RECOVERY)
    kept: dict[int, bytes] = {}
    beside = SoftwareRoot(keyfile.unlock(slot, paper), kept)
    beside.create_slot(1, ENTROPY)
    wrapped, escrow = root.wrap(1, KEK, ENTROPY), beside.wrap(1, KEK, ENTROPY)
    extend(tpm)

    with pytest.raises(MachineChangedError):
        root.unwrap(1, wrapped, "epoch key")
    again = SoftwareRoot(keyfile.unlock(slot, paper), kept)
    assert again.unwrap(1, escrow, "epoch key") == KEK


def test_the_machine_as_it_was_opens_again(tpm: SoftTpm, root: Tpm2Root) -> None:
    wrapped = root.wrap(1, KEK, ENTROPY)
    extend(tpm)
    tpm.call("tpm2_pcrreset", str(REGISTER))

    assert root.unwrap(1, wrapped, "epoch key") == KEK


@pytest.mark.threat("T211")
def test_another_tpm_opens_nothing_and_destroys_nothing(
    root: Tpm2Root, slots: dict[int, bytes]
) -> None:
    wrapped = root.wrap(1, KEK, ENTROPY)
    elsewhere = TpmOfTests()
    try:
        moved = Tpm2Root(ROOT, slots, (7, REGISTER), elsewhere.tpm.tcti)

        with pytest.raises(RootAwayError, match="another TPM"):
            moved.unwrap(1, wrapped, "epoch key")
        with pytest.raises(RootAwayError, match="another TPM"):
            moved.destroy_slot(1)
    finally:
        elsewhere.remove()
    assert root.unwrap(1, wrapped, "epoch key") == KEK


# --- T212: a destroyed slot is put back ---


@pytest.mark.threat("T212")
def test_a_copy_of_all_that_is_kept_does_not_bring_a_destroyed_slot_back(
    root: Tpm2Root, slots: dict[int, bytes]
) -> None:
    wrapped, copy = root.wrap(1, KEK, ENTROPY), slots[1]
    root.destroy_slot(1)

    slots[1] = copy

    with pytest.raises(NotFoundError):
        root.unwrap(1, wrapped, "epoch key")


@pytest.mark.threat("T212")
def test_a_counter_that_is_made_anew_begins_above_what_it_was(
    tpm: SoftTpm, root: Tpm2Root, slots: dict[int, bytes]
) -> None:
    wrapped, copy, old = root.wrap(1, KEK, ENTROPY), slots[1], root._slot(1)
    where = hex(old.place)
    root.destroy_slot(1)
    tpm.call("tpm2_nvdefine", where, "-C", "o", "-s", "8", "-a", tpm2.COUNTER)
    tpm.call("tpm2_nvincrement", where, "-C", "o")
    now = tpm.call("tpm2_nvread", where, "-C", "o")
    slots[1] = copy

    assert now > old.count
    with pytest.raises(NotFoundError):
        root.unwrap(1, wrapped, "epoch key")
    bend(root, slots, count=now)
    with pytest.raises(RootAwayError, match="tpm2_unseal"):
        root.unwrap(1, wrapped, "epoch key")
    tpm.call("tpm2_nvundefine", where, "-C", "o")


@pytest.mark.threat("T212")
def test_a_destruction_that_was_cut_off_is_finished_by_the_next(
    tpm: SoftTpm, root: Tpm2Root, slots: dict[int, bytes]
) -> None:
    wrapped, where = root.wrap(1, KEK, ENTROPY), hex(root._slot(1).place)
    tpm.call("tpm2_nvincrement", where, "-C", "o")  # and then the power failed

    with pytest.raises(NotFoundError):
        root.unwrap(1, wrapped, "epoch key")
    assert root.destroy_slot(1).strength is Strength.NV_COUNTER

    assert not slots
    assert where not in tpm.call("tpm2_getcap", "handles-nv-index").decode().lower()


def test_a_slot_that_could_not_be_made_leaves_nothing_in_the_tpm(
    tpm: SoftTpm,
) -> None:
    class Full(dict[int, bytes]):
        def __setitem__(self, epoch: int, document: bytes) -> None:
            raise UnavailableError("the disk is full")

    before = tpm.call("tpm2_getcap", "handles-nv-index")

    with pytest.raises(UnavailableError, match="disk"):
        Tpm2Root(ROOT, Full(), (7,), tpm.tcti).create_slot(1, ENTROPY)

    assert tpm.call("tpm2_getcap", "handles-nv-index") == before


# --- T213: one half of a slot ---


@pytest.mark.threat("T213")
def test_what_the_tpm_gives_out_opens_nothing_without_the_root_key(root: Tpm2Root) -> None:
    wrapped = root.wrap(1, KEK, ENTROPY)
    with root._tpm() as programs:
        released = root._opened(programs, root._slot(1), 1)

    with pytest.raises(SealBrokenError):
        Sealer(released).unwrap(wrapped, place(1), "epoch key")


@pytest.mark.threat("T213")
def test_with_another_root_key_a_slot_is_not_even_read(
    tpm: SoftTpm, root: Tpm2Root, slots: dict[int, bytes]
) -> None:
    wrapped = root.wrap(1, KEK, ENTROPY)
    other = Tpm2Root(Secret(b"o" * 32, "root key"), slots, (7, REGISTER), tpm.tcti)

    with pytest.raises(SealBrokenError):
        other.unwrap(1, wrapped, "epoch key")


@pytest.mark.threat("T213")
def test_all_that_is_kept_and_the_root_key_open_nothing_without_the_tpm(
    root: Tpm2Root, slots: dict[int, bytes], tmp_path: Path
) -> None:
    wrapped, slot = root.wrap(1, KEK, ENTROPY), root._slot(1)

    with pytest.raises(RootAwayError):
        Tpm2Root(ROOT, slots, (7,), f"swtpm:path={tmp_path}/none").unwrap(1, wrapped, "epoch key")
    for part in (ROOT.reveal(), slot.private[:32], slot.private[-32:], slot.public[-32:]):
        with pytest.raises(SealBrokenError):
            Sealer(Secret(part, "a guess")).unwrap(wrapped, place(1), "epoch key")


@pytest.mark.threat("T213")
def test_a_slot_put_in_the_place_of_another_or_changed_is_refused(
    root: Tpm2Root, slots: dict[int, bytes]
) -> None:
    wrapped = root.wrap(1, KEK, ENTROPY)
    slots[2] = slots[1]
    bent = [bytes([*slots[1][:at], slots[1][at] ^ 1, *slots[1][at + 1 :]]) for at in (0, 20, -1)]

    for epoch, document in ((2, slots[2]), *((1, each) for each in bent), (1, b"")):
        slots[epoch] = document
        with pytest.raises(SealBrokenError):
            root.unwrap(epoch, wrapped, "epoch key")


def test_a_slot_of_another_format_is_refused(root: Tpm2Root, slots: dict[int, bytes]) -> None:
    for document in (b"\x81\x02", b"\x01", b"\xff", b"\x88" + b"\x02" * 8):
        slots[1] = root._sealer.seal(document, tpm2._place(1), ENTROPY)
        with pytest.raises(SealBrokenError):
            root.wrap(1, KEK, ENTROPY)


def test_without_the_programs_a_tpm_is_said_to_be_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ExtraMissingError, match="tpm2-tools"):
        Tpm2Root(ROOT, {})


@pytest.mark.parametrize("registers", [(), (24,), (-1,)])
def test_registers_that_there_are_not_are_refused(tpm: SoftTpm, registers: tuple[int, ...]) -> None:
    with pytest.raises(InvalidError):
        Tpm2Root(ROOT, {}, registers, tpm.tcti)
