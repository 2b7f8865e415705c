"""Whatever a provider answers with, a protected column gives a value or its one refusal."""

from contextlib import suppress

from hypothesis import example, given
from hypothesis import strategies as st

from sealhold.crypto.bfv import SLOTS, BfvKey
from sealhold.crypto.sse import WordKey
from sealhold.model.errors import SealBrokenError, TamperedError
from sealhold.protect.policy import Bind
from tests.protecting import Rented, column, columns, table

ROW = columns(table(column("a", "bytea", "sealed"), column("b", "text", "deterministic")))
LOOSE = columns(table(column("a", "bytea", "sealed", pad=16), bind=Bind.COLUMN))["a"]
FPE = columns(table(column("a", "text", "fpe")))["a"]
SUMS = BfvKey.new()
SEALED = SUMS.encrypt([1, 2, 3])
heads = st.sampled_from([b"", b"\1\0\0\0\1", b"\2\0\0\0\1", b"\1\0\0\0\0"])


@given(heads, st.binary(max_size=80), st.integers(0, 2**63 - 1))
def test_no_bytes_that_were_not_sealed_open(head: bytes, body: bytes, row: int) -> None:
    for a in (ROW["a"], ROW["b"], LOOSE):
        with suppress(SealBrokenError):
            raise AssertionError(a.decode([head + body], [row]))


@given(st.binary(max_size=40))
@example(b"\xff")
@example(b"1234567")
def test_a_text_under_fpe_is_one_of_its_alphabet_or_refused(stored: bytes) -> None:
    with suppress(SealBrokenError):
        (value,) = FPE.decode([stored], ())
        assert value is not None
        assert value.isdigit()


@given(st.binary(max_size=32), st.integers(0, 2**64 - 1))
def test_no_value_that_was_not_sealed_is_an_entry(value: bytes, counter: int) -> None:
    with suppress(SealBrokenError):
        raise AssertionError(WordKey(bytes(32)).open(counter, value))


@given(st.dictionaries(st.binary(max_size=20), st.binary(max_size=20), max_size=4))
def test_a_table_that_a_provider_makes_up_finds_nothing(rows: dict[bytes, bytes]) -> None:
    rented = Rented()
    rented.pairs.settle(rented.pairs.batch([]).ticket, used=True)
    rented.rows = rows

    with suppress(TamperedError):
        assert rented.find(b"a") == set()


@given(st.integers(0, len(SEALED) - 1), st.integers(1, 255), st.integers(0, len(SEALED)))
def test_a_changed_ciphertext_of_a_sum_gives_numbers_or_is_refused(
    at: int, flip: int, cut: int
) -> None:
    changed = bytearray(SEALED)
    changed[at] ^= flip

    for sealed in (bytes(changed), SEALED[:cut]):
        with suppress(SealBrokenError):
            assert len(SUMS.decrypt(sealed)) == SLOTS
