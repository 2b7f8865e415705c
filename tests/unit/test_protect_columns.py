"""A protected column hides what it is given, gives it back, and says what can be asked of it."""

from decimal import Decimal

import pytest

from sealhold.crypto.entropy import seeded
from sealhold.crypto.secret import Secret
from sealhold.model.errors import ExhaustedError, InvalidPolicyError, SealBrokenError
from sealhold.protect.columnkeys import Derived
from sealhold.protect.columns import columns_of
from sealhold.protect.pgtypes.codec import codec
from sealhold.protect.pgtypes.errors import TypeRefusedError
from sealhold.protect.pgtypes.types import named
from sealhold.protect.policy import Bind, ColumnPolicy, Policy
from sealhold.protect.spec import CELL, Op
from tests.protecting import MemoryTokens, column, columns, keys, table

ROWS = [7, 1 << 40, 9]
TEXTS = [b"ann@example.org", None, b""]


def binary(type_: str, value: object) -> bytes:
    return codec(named(type_)).from_value(value)


@pytest.mark.parametrize("pad", [0, 16, 64, 256])
@pytest.mark.parametrize("bind", Bind)
def test_cells_open_again_and_null_stays(pad: int, bind: Bind) -> None:
    email = columns(table(column("email", "text", "sealed", pad=pad), bind=bind))["email"]

    stored = email.encode(CELL, TEXTS, ROWS)

    assert stored[1] is None
    assert email.decode(stored, ROWS) == TEXTS


def test_a_cell_is_33_bytes_longer_than_its_value() -> None:
    email = columns(table(column("email", "text", "sealed")))["email"]

    (stored,) = email.encode(CELL, [b"12345"], [1])

    assert stored is not None
    assert len(stored) == 5 + 33


def test_filled_values_of_a_size_look_alike() -> None:
    email = columns(table(column("email", "text", "sealed", pad=64)))["email"]

    stored = email.encode(CELL, [b"", b"a" * 63, b"a" * 64], [1, 2, 3])

    assert [len(each or b"") - 33 for each in stored] == [64, 64, 128]


def test_cells_that_are_bound_to_rows_need_a_row_each() -> None:
    email = columns(table(column("email", "text", "sealed")))["email"]

    with pytest.raises(ValueError, match="2 cells, 1 rows"):
        email.encode(CELL, [b"a", b"b"], [1])


def test_cells_keep_the_form_of_a_value_and_terms_do_not() -> None:
    amount = columns(table(column("amount", "numeric", "match")))["amount"]
    one, same = (binary("numeric", Decimal(text)) for text in ("1.0", "1.00"))

    assert amount.decode(amount.encode(CELL, [one, same], [1, 2]), [1, 2]) == [one, same]
    first, second = amount.encode("_m", [one, same], ())
    assert first == second


def test_columns_of_one_domain_can_be_joined() -> None:
    made = columns(
        table(column("email", "text", "match", domain="mail")),
        table(column("mail", "varchar(40)", "match", domain="mail"), name="letter"),
        table(column("other", "text", "match"), name="third"),
    )
    email, mail, other = made["email"], made["mail"], made["other"]

    assert email.encode("_m", [b"a"], ()) == mail.encode("_m", [b"a"], ())
    assert email.encode("_m", [b"a"], ()) != other.encode("_m", [b"a"], ())
    assert email.same_key(Op.JOIN, mail)
    assert email.same_key(Op.JOIN, email)
    assert not email.same_key(Op.JOIN, other)


@pytest.mark.parametrize(
    "other",
    [
        column("b", "integer", "order", domain="d"),
        column("b", "bigint", "match", domain="d"),
        column("b", "bigint", "sealed", domain="d"),
        column("b", "bigint", "order", domain="e"),
    ],
)
def test_columns_whose_terms_differ_cannot_be_joined(other: ColumnPolicy) -> None:
    made = columns(table(column("a", "bigint", "order", domain="d"), other))

    assert not made["a"].same_key(Op.JOIN, made["b"])


def test_the_technique_that_is_listed_first_answers() -> None:
    made = columns(
        table(column("a", "bigint", "match", "order"), column("b", "bigint", "order", "match"))
    )

    names = [getattr(made[each].answering(Op.EQUAL), "name", "") for each in ("a", "b")]
    assert names == ["match", "order"]
    assert made["a"].answering(Op.RANGE) is made["a"].techniques["_o"]
    assert made["a"].answering(Op.WORD) is None


def test_a_beacon_and_folded_text_answer_equality_alone_and_not_exactly() -> None:
    made = columns(
        table(
            column("a", "text", "match", bits=12),
            column("b", "text", "match", fold="casefold"),
            column("c", "text", "match"),
        )
    )

    for name in ("a", "b"):
        technique = made[name].techniques["_m"]
        assert technique.answers == {Op.EQUAL}
    first, second = made["b"].encode(
        "_m", ["\N{FULLWIDTH LATIN CAPITAL LETTER S}TRASSE".encode(), "straße".encode()], ()
    )
    assert first == second
    assert len(made["a"].encode("_m", [b"x"], ())[0] or b"") == 2
    assert Op.GROUP in made["c"].techniques["_m"].answers


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("text", b"Ann"),
        ("varchar(5)", b"Ann"),
        ("char(5)", b"Ann  "),
        ("numeric(6,2)", binary("numeric(6,2)", Decimal("1.50"))),
        ("bigint", binary("bigint", -5)),
        ("bytea", b""),
    ],
)
def test_deterministic_values_come_back_as_they_were(type_: str, value: bytes) -> None:
    a = columns(table(column("a", type_, "deterministic")))["a"]

    first, second = a.encode(CELL, [value, value], ())

    assert first == second
    assert a.decode([first], ()) == [value]


@pytest.mark.parametrize("type_", ["numeric", "real", "double precision", "jsonb", "bpchar"])
def test_deterministic_is_refused_where_equal_values_have_several_forms(type_: str) -> None:
    with pytest.raises(InvalidPolicyError, match="does not keep all forms"):
        columns(table(column("a", type_, "deterministic")))


def test_a_text_under_fpe_keeps_length_and_alphabet() -> None:
    card = columns(table(column("card", "text", "fpe", alphabet="digits")))["card"]

    (stored,) = card.encode(CELL, [b"4111111111111111"], ())

    assert stored is not None
    assert stored.isdigit()
    assert (len(stored), stored != b"4111111111111111") == (16, True)
    assert card.decode([stored], ()) == [b"4111111111111111"]


@pytest.mark.parametrize("value", [b"12345", b"12345a", b"1" * 257])
def test_a_text_is_refused_that_fpe_cannot_hide(value: bytes) -> None:
    card = columns(table(column("card", "text", "fpe")))["card"]

    with pytest.raises(TypeRefusedError):
        card.encode(CELL, [value], ())


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("text", b"Ann-42 x"),
        ("integer", binary("integer", -1234)),
        ("numeric(8,2)", binary("numeric(8,2)", Decimal("123.40"))),
        ("uuid", bytes(range(16))),
    ],
)
def test_a_token_has_the_shape_of_its_value_and_stands_for_it(type_: str, value: bytes) -> None:
    kept = MemoryTokens()
    policy = Policy(name="p", version=1, tables=(table(column("a", type_, "token")),))
    a = columns_of(policy, keys(), seeded(b"x"), tokens=lambda _key: kept)["public", "patient"]["a"]

    first, second = a.encode(CELL, [value, value], ())

    assert first == second != value
    assert a.decode([first], ()) == [value]
    assert a.techniques[CELL].sql_type == {"text": "text"}.get(type_, type_)


def test_tokens_of_a_shape_run_out() -> None:
    policy = Policy(name="p", version=1, tables=(table(column("a", "text", "token")),))
    kept = MemoryTokens()
    a = columns_of(policy, keys(), seeded(b"x"), tokens=lambda _key: kept)["public", "patient"]["a"]
    kept.by_token |= {str(digit).encode(): b"taken" for digit in range(10)}

    with pytest.raises(TypeRefusedError, match="free"):
        a.encode(CELL, [b"7"], ())


def test_cells_of_an_older_key_open_and_new_ones_take_the_newest() -> None:
    policy = Policy(name="p", version=1, tables=(table(column("a", "text", "sealed")),))
    secret = Secret(bytes(32), "key")
    older, newer = (
        columns_of(policy, Derived(lambda _: secret, lambda *_, v=version: v), seeded(b"x"))[
            "public", "patient"
        ]["a"]
        for version in (1, 2)
    )

    stored = older.encode(CELL, [b"value"], [1])

    assert newer.decode(stored, [1]) == [b"value"]
    assert (newer.encode(CELL, [b"value"], [1])[0] or b"")[1:5] == bytes([0, 0, 0, 2])
    with pytest.raises(SealBrokenError):
        older.decode(newer.encode(CELL, [b"value"], [1]), [1])


def test_cells_are_counted_before_they_are_sealed() -> None:
    counted: list[tuple[str, int]] = []

    def count(key: str, cells: int) -> None:
        counted.append((key, cells))
        if cells > 2:
            raise ExhaustedError("too many")

    policy = Policy(name="p", version=1, tables=(table(column("a", "text", "sealed")),))
    a = columns_of(policy, keys(), seeded(b"x"), count)["public", "patient"]["a"]
    a.encode(CELL, [b"1", None, b"2"], [1, 2, 3])

    with pytest.raises(ExhaustedError):
        a.encode(CELL, [b"1", b"2", b"3"], [1, 2, 3])
    assert counted == [("clinic/public.patient.a/1", 2), ("clinic/public.patient.a/1", 3)]


@pytest.mark.parametrize(
    "of",
    [
        (column("a", "text", "match"), column("a_m", "text", "clear")),
        (column("a" * 62, "text", "match"),),
        (column("a", "text", "sealed", null="hidden"),),
        (column("a", "text", "sealed", "deterministic"),),
        (column("a", "text", "split"),),
        (column("a", "text", "token"),),
    ],
)
def test_a_policy_is_refused_whose_columns_cannot_be_made(of: tuple[ColumnPolicy, ...]) -> None:
    with pytest.raises(InvalidPolicyError):
        columns(table(*of))


def test_techniques_with_tables_of_their_own_are_beside_a_column() -> None:
    made = columns(table(column("a", "text", "words"), column("b", "bigint", "he-sum", "order")))

    assert list(made["a"].techniques) == [CELL]
    assert set(made["b"].techniques) == {CELL, "_o", "_s"}
    assert made["b"].techniques["_s"].sql_type == "integer"
    assert made["a"].beside["words"] == ("clinic", "words", "public.patient.a", 1)
    assert made["b"].physical("_o") == "b_o"
    assert repr(made["b"]) == "Column(public.patient.b)"


def test_what_keeps_no_value_gives_none_back() -> None:
    made = columns(table(column("a", "bigint", "match", "order")))["a"]

    for suffix in ("_m", "_o"):
        with pytest.raises(TypeRefusedError):
            made.techniques[suffix].decode([b""], [1])
