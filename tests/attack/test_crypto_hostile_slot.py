"""T03: a damaged, oversized or crafted unlock slot is put in place of the real one."""

import time
import tracemalloc

import pytest

from sealhold.crypto.digest import tagged
from sealhold.crypto.entropy import seeded
from sealhold.crypto.kdf import Stretch
from sealhold.crypto.roots import passphrase
from sealhold.crypto.secret import Secret
from sealhold.crypto.slot import MAX_SLOT
from sealhold.crypto.tags import Tag
from sealhold.model.encoding import Plain, pack, unpack
from sealhold.model.errors import TamperedError, WrongPassphraseError

ROOT = Secret(b"r" * 32, "root key")
PHRASE = passphrase.passphrase("correct horse")
SLOT = passphrase.create_slot(ROOT, PHRASE, seeded(b"s"), Stretch(memory_kib=8192, passes=1))


def crafted(**changes: Plain) -> bytes:
    """Return the slot with entries changed and a checksum that fits, as an attacker would."""
    fields = unpack(SLOT)
    del fields[5]
    fields.update({int(name.removeprefix("entry")): value for name, value in changes.items()})
    return pack(fields | {5: tagged(Tag.SLOT_CHECK, pack(fields))[:16]})


@pytest.mark.threat("T03")
@pytest.mark.parametrize(
    "slot",
    [
        pytest.param(b"", id="empty"),
        pytest.param(SLOT[:-1], id="cut"),
        pytest.param(SLOT + b"\0", id="longer"),
        pytest.param(bytes(MAX_SLOT + 1), id="too large"),
        pytest.param(b"\xa6" * MAX_SLOT, id="nested maps"),
        pytest.param(b"\x9b" + b"\xff" * 8, id="a list of 2^64 entries"),
        pytest.param(b"\xbf" + SLOT[1:] + b"\xff", id="a map of open length"),
        pytest.param(pack({}), id="an empty map"),
        pytest.param(pack([1, 2, 3]), id="a list"),
        pytest.param(crafted(entry3=[2**40, 1, 1]), id="a petabyte of memory"),
        pytest.param(crafted(entry3=[1024 * 1024, 16, 1]), id="a minute of work"),
        pytest.param(crafted(entry3=[8, 1, 1]), id="hardly any work"),
        pytest.param(crafted(entry3=[8192, 1]), id="work without lanes"),
        pytest.param(crafted(entry3=[8192, 1, True]), id="a truth value as lanes"),
        pytest.param(crafted(entry3="8192"), id="work as text"),
        pytest.param(crafted(entry3=[8192.0, 1, 1]), id="work as a float"),
        pytest.param(crafted(entry0=True), id="a truth value as format"),
        pytest.param(crafted(entry1=["passphrase"]), id="a list as kind"),
        pytest.param(crafted(entry2=bytes(15)), id="a short salt"),
        pytest.param(crafted(entry2="s" * 16), id="a text as salt"),
        pytest.param(crafted(entry4=bytes(59)), id="a short seal"),
        pytest.param(crafted(entry7=0), id="an entry too many"),
    ],
)
def test_it_is_refused_at_once_and_without_memory(slot: bytes) -> None:
    tracemalloc.start()
    began = time.process_time()

    with pytest.raises(TamperedError, match="unlock slot `passphrase`"):
        passphrase.unlock(slot, PHRASE)

    took, (_, peak) = time.process_time() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert took < 1
    assert peak < 1_000_000


@pytest.mark.threat("T03")
def test_less_work_in_the_slot_does_not_open_it_cheaper() -> None:
    slot = passphrase.create_slot(ROOT, PHRASE, seeded(b"s"), Stretch(memory_kib=16384, passes=1))
    fields = unpack(slot)
    fields[3] = [8192, 1, 1]
    del fields[5]
    weakened = pack(fields | {5: tagged(Tag.SLOT_CHECK, pack(fields))[:16]})

    with pytest.raises(WrongPassphraseError):
        passphrase.unlock(weakened, PHRASE)
