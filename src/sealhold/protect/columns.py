"""Protected columns: each with its type, its place, its keys and its techniques.

- A column's values are in binary send form; None is NULL, which no technique sees.
- Cells keep the form in which a value came. All else is made of its canonical form, so that equal
  values give equal terms.
- A key belongs to one technique, of one column or of one domain. Columns of a domain have the same
  key, hence can be joined: their `leaks` hold across all of them.
- Techniques with tables of their own beside (words, hidden ranges, sums) are not in `techniques`.
  What there is of them is in `words` and `ranges`, if their counters are kept.

Source: docs/spec/55-protected-columns.md section 2.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from string import ascii_lowercase, ascii_uppercase, digits, hexdigits
from types import MappingProxyType
from typing import Any, Final, cast

from sealhold.crypto.cellseal import CellSealer
from sealhold.crypto.ff1 import Ff1
from sealhold.crypto.ope import OrderTerms
from sealhold.crypto.secret import Secret
from sealhold.crypto.siv import Siv
from sealhold.crypto.tags import Tag
from sealhold.model.clock import Entropy
from sealhold.model.errors import InvalidPolicyError
from sealhold.protect.columnkeys import KeyName, Keys
from sealhold.protect.columnparts import match_of, token_of
from sealhold.protect.pairs import Counters, Pairs
from sealhold.protect.pgtypes.codec import codec
from sealhold.protect.pgtypes.errors import TypeRefusedError
from sealhold.protect.pgtypes.form import Codec
from sealhold.protect.pgtypes.types import PgType, named
from sealhold.protect.policy import Bind, ColumnPolicy, Mask, Policy, TablePolicy
from sealhold.protect.spec import CELL, Op, Technique
from sealhold.protect.techniques.deterministic import Deterministic
from sealhold.protect.techniques.fpe import Fpe
from sealhold.protect.techniques.order import Order
from sealhold.protect.techniques.plain import Plain
from sealhold.protect.techniques.range_hidden import RangeHidden, hidden_ranges
from sealhold.protect.techniques.sealed import Sealed
from sealhold.protect.techniques.sum_mark import SumMark
from sealhold.protect.techniques.token import Token, TokenMap
from sealhold.protect.techniques.words import Words

NAME_BYTES: Final = 63  # of a name at PostgreSQL; a longer one it cuts
BESIDE: Final = frozenset({"words", "range-hidden", "paillier-sum"})
"""Techniques that keep what they make in tables of their own."""

# THREAT T618: counters are of one column; under a key of two, both would make the same labels
OF_ONE_COLUMN: Final = frozenset({"sealed", "words", "range-hidden", "he-sum"})
"""Techniques whose keys are of their column alone, also in a domain."""

_ALPHABETS: Final = {
    "digits": digits,
    "hex": hexdigits[:16],
    "lower": ascii_lowercase,
    "upper": ascii_uppercase,
    "alnum": digits + ascii_lowercase,
}
_TEXT: Final = frozenset({"text", "varchar"})  # values of one are values of the other
_SAME_FORM: Final = frozenset(
    {"bool", "int2", "int4", "int8", "text", "varchar", "name", "bytea", "uuid"}
    | {"date", "time", "timestamp", "timestamptz"}
)
"""Types of which the canonical form, fitted to the column again, is the value as it was."""
_WITH_MODIFIER: Final = frozenset({"numeric", "bpchar"})  # the same, where it is limited


Counted = Callable[[str, int], None]  # the name of a key, and how many cells it is about to seal

Tokens = Callable[[KeyName], TokenMap]

Counting = Callable[[KeyName], Counters]  # of the words or ranges of one column


class Column:
    """One protected column. Compared by identity: a policy makes each once."""

    mask: Mask | None = None  # what is shown of it in place of values; see `masking.py`

    def __init__(
        self,
        table: TablePolicy,
        policy: ColumnPolicy,
        type_: PgType,
        codec_: Codec[Any],  # reason: whatever the values of the type are
        techniques: Iterable[tuple[Technique, KeyName]],
        beside: Mapping[str, KeyName],
        *,
        words: Words | None = None,
        ranges: RangeHidden | None = None,
    ) -> None:
        self.dataset = table.dataset
        self.schema = table.schema
        self.table = table.name
        self.name = policy.name
        self.type = type_
        self.policy = policy
        self.bind = table.bind
        made = tuple(techniques)
        self.techniques: Mapping[str, Technique] = MappingProxyType(
            {technique.suffix: technique for technique, _ in made}
        )
        self.keys = {technique.suffix: key for technique, key in made}
        self.beside = beside  # keys of techniques with tables of their own, by name
        self.words = words
        self.ranges = ranges
        self._listed = sorted(self.techniques.values(), key=self._rank)
        self._codec = codec_
        self._keeps_form = isinstance(self.techniques[CELL], (Sealed, Plain))
        self.guard: object = None  # of its table, if rows of that are tagged: see `guards.py`

    def __repr__(self) -> str:
        return f"Column({self.schema}.{self.table}.{self.name})"

    def physical(self, suffix: str) -> str:
        """Return the name at the provider of what the technique of `suffix` stores."""
        return self.name + suffix

    def encode(
        self, suffix: str, values: Sequence[bytes | None], rids: Sequence[int]
    ) -> list[bytes | None]:
        """Return what the technique of `suffix` stores for each value; None stays.

        Args:
            suffix: which technique.
            values: in binary send form of the column's type, valid and fitted to its modifier.
            rids: the row of each. Looked at for cells that are bound to rows, and not otherwise.

        Raises:
            TypeRefusedError: a value that the technique cannot hold.
            ExhaustedError: the key sealed as much as it may.
        """
        technique = self.techniques[suffix]
        is_whole = None not in values
        given = cast("Sequence[bytes]", values)
        if not is_whole:
            given = [value for value in values if value is not None]
        if suffix != CELL or not self._keeps_form:
            canonical = self._codec.canonical
            given = [canonical(value) for value in given]
        if is_whole:
            return list(technique.encode(given, rids))
        places = _beside(values, rids)
        return _with_nulls(values, technique.encode(given, places))

    def decode(self, values: Sequence[bytes | None], rids: Sequence[int]) -> list[bytes | None]:
        """Return the value of each cell in binary send form; None stays.

        Raises:
            SealBrokenError: a cell was changed, cut, moved, or sealed under another key.
        """
        technique = self.techniques[CELL]
        if None not in values:
            return list(self._opened(technique.decode(cast("Sequence[bytes]", values), rids)))
        given = [value for value in values if value is not None]
        return _with_nulls(values, self._opened(technique.decode(given, _beside(values, rids))))

    def sought(self, suffix: str, value: bytes) -> bytes:
        """Return what the technique of `suffix` stores for a value that is looked for.

        A value that it cannot hold, or never held, is equal to what no row has.

        Raises:
            TypeRefusedError: a value that is not told from others then.
        """
        technique = self.techniques[suffix]
        canonical = value if isinstance(technique, Sealed) else self._codec.canonical(value)
        # THREAT T769: whoever asks for a value draws no token for it
        if isinstance(technique, Token):
            return technique.sought(canonical)
        try:
            return technique.encode([canonical], ())[0]
        except TypeRefusedError:
            if isinstance(technique, Fpe):
                return self.nothing(suffix)
            raise

    def nothing(self, suffix: str) -> bytes:
        """Return what the technique of `suffix` stores for no value."""
        technique = self.techniques[suffix]
        return technique.never if isinstance(technique, Token) else b""

    def answering(self, op: Op) -> Technique | None:
        """Return the technique that answers `op`: of several the first of the policy."""
        return next((each for each in self._listed if op in each.answers), None)

    def same_key(self, op: Op, other: "Column") -> bool:
        """Return whether both answer `op` in one form, so that what they store can be compared."""
        ours, theirs = self.answering(op), other.answering(op)
        if ours is None or theirs is None:
            return False
        return (
            self.keys[ours.suffix] == other.keys[theirs.suffix]
            and type(ours) is type(theirs)
            and _form(self) == _form(other)
        )

    def _opened(self, values: list[bytes]) -> list[bytes]:
        """Return values as they were: a canonical form, fitted to the column, is one again."""
        if self._keeps_form:
            return values
        return [self._codec.checked(value) for value in values]

    def _rank(self, technique: Technique) -> int:
        return (self.policy.techniques or (Plain.name,)).index(technique.name)


@dataclass(frozen=True, slots=True)
class _Maker:
    """What makes the techniques of columns."""

    keys: Keys
    entropy: Entropy
    counted: Counted | None
    tokens: Tokens | None
    counting: Counting | None

    def columns(self, table: TablePolicy) -> dict[str, Column]:
        return {
            column.name: self._column(table, column)
            for column in table.columns
            if not column.is_clear
        }

    def _column(self, table: TablePolicy, column: ColumnPolicy) -> Column:
        type_ = named(column.type)
        if column.null != "clear":
            raise _refused(table, column, "NULL cannot be hidden")
        form = codec(type_)
        made = [
            self._technique(name, table, column, type_, form)
            for name in column.techniques
            if name not in BESIDE
        ]
        suffixes = [technique.suffix for technique, _ in made]
        if suffixes.count(CELL) != 1:
            raise _refused(table, column, "not one technique that fills the column")
        beside = {
            name: self._key(name, table, column) for name in column.techniques if name in BESIDE
        }
        found = self._pairs(Words.name, beside)
        words = None if found is None else Words(found, column.tokens)
        found = self._pairs(RangeHidden.name, beside)
        ranges = None if found is None else hidden_ranges(column, found)
        return Column(table, column, type_, form, made, beside, words=words, ranges=ranges)

    def _pairs(self, technique: str, beside: Mapping[str, KeyName]) -> Pairs | None:
        key = beside.get(technique)
        if key is None or self.counting is None:
            return None
        return Pairs(self._secret(key), self.counting(key), self.entropy)

    def _technique(  # noqa: PLR0911  # reason: one way for each technique
        self, name: str, table: TablePolicy, column: ColumnPolicy, type_: PgType, form: Codec[Any]
    ) -> tuple[Technique, KeyName]:
        key = self._key(name, table, column)
        match name:
            case "sealed":
                return self._sealed(table, column, type_, key), key
            case "match":
                return match_of(column, self._secret(key)), key
            case "deterministic":
                _check_forms(table, column, type_, name)
                siv = Siv(self._secret(key), Tag.DETERMINISTIC, key.domain.encode())
                return Deterministic(siv), key
            case "order":
                ordered = partial(form.ordered, scale=column.scale)
                return Order(OrderTerms(self._secret(key)), ordered), key
            case "fpe":
                alphabet = _ALPHABETS.get(column.alphabet, column.alphabet.removeprefix("="))
                return Fpe(Ff1(self._secret(key), alphabet, key.domain.encode())), key
            case "he-sum":
                return SumMark(), key
            case "token" if self.tokens is not None:
                _check_forms(table, column, type_, name)
                return token_of(self.tokens(key), self.entropy, type_, form), key
            case _:
                raise _refused(table, column, f"`{name}` is no technique of a column")

    def _sealed(
        self, table: TablePolicy, column: ColumnPolicy, type_: PgType, key: KeyName
    ) -> Sealed:
        keys, counted = self.keys, self.counted
        named_so = f"{key.dataset}/{key.domain}/{key.version}"
        sealer = CellSealer(
            lambda version: keys.column_key(key.dataset, key.technique, key.domain, version),
            key.version,
            (table.dataset, f"{table.schema}.{table.name}", column.name, type_.name),
            self.entropy,
            column.pad,
            None if counted is None else partial(counted, named_so),
            keys.oldest(key.dataset, key.technique, key.domain),
        )
        return Sealed(sealer, by_row=table.bind is Bind.ROW, pad=column.pad)

    def _key(self, technique: str, table: TablePolicy, column: ColumnPolicy) -> KeyName:
        domain = domain_of(technique, table, column)
        version = self.keys.newest(table.dataset, technique, domain)
        return KeyName(table.dataset, technique, domain, version)

    def _secret(self, key: KeyName) -> Secret:
        return self.keys.column_key(*key)


def domain_of(technique: str, table: TablePolicy, column: ColumnPolicy) -> str:
    """Return of what the key of a technique is: of a column, or of a domain."""
    # THREAT T619: a domain that is called like a column does not get that column's key
    if column.domain and technique not in OF_ONE_COLUMN:
        return f"={column.domain}"  # no name of a column begins so
    return f"{table.schema}.{table.name}.{column.name}"


def columns_of(
    policy: Policy,
    keys: Keys,
    entropy: Entropy,
    counted: Counted | None = None,
    tokens: Tokens | None = None,
    counting: Counting | None = None,
) -> dict[tuple[str, str], dict[str, Column]]:
    """Return the protected columns of a policy, by (schema, table) and name.

    Args:
        policy: checked; what `proxy check` finds is not looked for again.
        keys: where keys come from.
        entropy: where nonces come from.
        counted: is told before cells are sealed, and raises where they are too many for a key.
        tokens: gives the map of a domain, if there is one.
        counting: gives the counters of a column's pairs; without it none has words or ranges.

    Raises:
        InvalidPolicyError: two physical columns would have one name, or one is too long.
        TypeRefusedError: a type that the proxy does not know.
    """
    maker = _Maker(keys, entropy, counted, tokens, counting)
    found = {}
    for table in policy.tables:
        if table.is_protected:
            columns = found[table.schema, table.name] = maker.columns(table)
            _check_names(table, columns)
    return found


def _check_forms(table: TablePolicy, column: ColumnPolicy, type_: PgType, name: str) -> None:
    # a float has two zeros, a numeric may have zeros at its end: equal values, but not the same
    if type_.name in _SAME_FORM or (type_.name in _WITH_MODIFIER and type_.typmod >= 0):
        return
    raise _refused(table, column, f"`{name}` does not keep all forms of `{column.type}`")


def _check_names(table: TablePolicy, columns: Mapping[str, Column]) -> None:
    names = [column.name for column in table.columns if column.is_clear]
    for column in columns.values():
        names += [column.physical(suffix) for suffix in column.techniques]
    if len(set(names)) < len(names):
        raise InvalidPolicyError(f"two columns of `{table.name}` would have one name")
    if any(len(name.encode()) > NAME_BYTES for name in names):
        raise InvalidPolicyError(f"a column of `{table.name}` has too long a name")


def _form(column: Column) -> tuple[object, ...]:
    """Return all that decides how a value of a column is turned into a term, but the key."""
    name = "text" if column.type.name in _TEXT else column.type.name
    return name, column.policy.scale, column.policy.fold, column.policy.bits


def _refused(table: TablePolicy, column: ColumnPolicy, why: str) -> InvalidPolicyError:
    return InvalidPolicyError(f"`{table.name}.{column.name}` in line {column.line}: {why}")


def _beside(values: Sequence[bytes | None], rids: Sequence[int]) -> Sequence[int]:
    """Return the row of each value that is not NULL."""
    return [rid for value, rid in zip(values, rids, strict=False) if value is not None]


def _with_nulls(values: Sequence[bytes | None], made: Iterable[bytes]) -> list[bytes | None]:
    following = iter(made)
    return [None if value is None else next(following) for value in values]
