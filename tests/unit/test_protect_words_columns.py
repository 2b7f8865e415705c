"""Columns that are found by words: what makes them, and where their pairs lie."""

import os
from collections.abc import Collection, Mapping, Sequence

import pytest

from sealhold.crypto.secret import Secret
from sealhold.model.errors import InvalidPolicyError
from sealhold.protect.columnkeys import Derived, KeyName
from sealhold.protect.columns import Column, columns_of
from sealhold.protect.pairs import Counters, Series, Taken
from sealhold.protect.policy import ColumnPolicy, Policy, TablePolicy
from sealhold.protect.sql.wordtables import PairTable


class NoCounters:
    """Counters of words that nobody stores."""

    def take(self, words: Mapping[bytes, int]) -> Taken:
        return Taken(0, dict.fromkeys(words, (0, 0)))

    def renew(self, word: bytes, count: int, seen: Sequence[Series]) -> Taken:  # noqa: ARG002  reason: of the protocol
        return Taken(0, {word: (0, 0)})

    def settle(self, ticket: int, *, used: bool) -> None:
        """Do nothing."""

    def pending(self, ticket: int) -> Mapping[bytes, Sequence[tuple[int, int]]]:  # noqa: ARG002  reason: as above
        return {}

    def begin(self, own: Collection[int]) -> Taken:  # noqa: ARG002  reason: as above
        return Taken(0, {b"": (0, 0)})

    def tickets(self) -> Sequence[int]:
        return ()

    def is_renewing(self, words: Collection[bytes]) -> bool:  # noqa: ARG002  reason: as above
        return False

    def series(
        self,
        words: Collection[bytes],
        without: int = 0,  # noqa: ARG002  reason: as above
    ) -> Mapping[bytes, Sequence[Series]]:
        return dict.fromkeys(words, ())


def columns(
    name: str = "note", *, counts: bool = True, domain: str = ""
) -> tuple[Column, list[KeyName]]:
    asked: list[KeyName] = []

    def counting(key: KeyName) -> Counters:
        asked.append(key)
        return NoCounters()

    column = ColumnPolicy(
        name=name, type="text", protect=("words",), tokens="prefix3-4", domain=domain
    )
    table = TablePolicy(dataset="clinic", name="patient", columns=(column,), csps=("a",))
    policy = Policy(name="clinic", version=1, tables=(table,))
    keys = Derived(lambda _dataset: Secret(bytes(32), "dataset"))
    made = columns_of(policy, keys, os.urandom, counting=counting if counts else None)
    return made["public", "patient"][name], asked


def test_words_get_their_own_key_and_counters() -> None:
    column, asked = columns()

    assert column.words is not None
    assert column.words.terms("cold") == {b"wcold", b"pcol", b"pcold"}
    assert asked == [KeyName("clinic", "words", "public.patient.note", 1)]
    assert list(column.techniques) == [""]  # the cell; the words lie elsewhere


@pytest.mark.threat("T618")
def test_a_domain_shares_no_key_of_words() -> None:
    assert columns(domain="notes")[1] == columns()[1]


def test_without_counters_a_column_has_no_words() -> None:
    assert columns(counts=False)[0].words is None


def test_pairs_lie_in_a_table_beside_whose_name_is_not_cut() -> None:
    assert str(PairTable.of(columns()[0])) == '"public"."_sh_words_patient_note"'
    with pytest.raises(InvalidPolicyError):
        PairTable.of(columns("n" * 46)[0])


def test_a_name_with_a_quote_stays_a_name() -> None:
    assert str(PairTable("public", 'a"b')) == '"public"."a""b"'
