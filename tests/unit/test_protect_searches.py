"""What becomes of searches for words and hidden ranges: look-ups, conditions, refusals."""

import pytest

from sealhold.model.errors import InvalidPolicyError
from sealhold.protect.explain import explain_policy, unkeyed
from sealhold.protect.policy import Bind, ColumnPolicy, Policy, TablePolicy, Unlisted
from sealhold.protect.sql.besides import check_tables
from sealhold.protect.sql.explaining import ExplainedStatement, explain_statements
from tests.planned import CountingEntropy

NOTE = TablePolicy(
    dataset="clinic",
    name="note",
    bind=Bind.COLUMN,
    columns=(
        ColumnPolicy(name="id", type="integer", protect=("clear",)),
        ColumnPolicy(name="text", type="text", protect=("words",), tokens="prefix3-5"),
        ColumnPolicy(
            name="score", type="integer", protect=("range-hidden",), range=(0, 99), buckets=8
        ),
        ColumnPolicy(name="mark", type="text", protect=("match",)),
    ),
)
POLICY = Policy(name="clinic", version=1, default=Unlisted.CLEAR, tables=(NOTE,))
WORDS, RANGES = '"public"."_sh_words_note_text"', '"public"."_sh_range_note_score"'
FOUND = "note._sh_rid = ANY($1)"

SENT = {
    "SELECT id FROM note WHERE text @@ to_tsquery('simple', 'a & b')": f"WHERE {FOUND}",
    "SELECT id FROM note WHERE sealhold_word(text, $1) AND id > 3": f"WHERE {FOUND} AND",
    "SELECT id FROM note WHERE sealhold_word(text, 'a') OR id > 3": f"WHERE {FOUND} OR",
    "SELECT id FROM note WHERE text @@ plainto_tsquery('simple', $1)": f"WHERE {FOUND}",
    "SELECT id FROM note WHERE sealhold_word(text, '!a')": "note._sh_rid <> ALL($1)",
    "SELECT id FROM note WHERE NOT sealhold_word(text, 'a')": "NOT CASE WHEN note.text IS NOT NULL",
    "SELECT sealhold_word(text, 'a') FROM note": f"IS NOT NULL THEN {FOUND} END",
    "SELECT id FROM note WHERE score BETWEEN 3 AND 9 AND score < $1": f"WHERE {FOUND}",
    "UPDATE note SET mark = 'x' WHERE sealhold_word(text, 'a')": f"WHERE {FOUND} FOR UPDATE",
    "DELETE FROM note WHERE id = 3": "WHERE note.id = 3 FOR UPDATE",
    "INSERT INTO note (id, text) VALUES (1, 'x')": f"INSERT INTO {WORDS} SELECT",
    "TRUNCATE note": "TRUNCATE note, public._sh_words_note_text, public._sh_range_note_score",
    "DROP TABLE note": f"DROP TABLE {RANGES}",
    "COPY note FROM STDIN": f"INSERT INTO {RANGES} SELECT",
}  # fmt: skip
REFUSED = {
    "SELECT id FROM note WHERE text @@ to_tsquery('a')": "SH002",
    "SELECT id FROM note WHERE text @@ to_tsquery('english', 'a')": "SH002",
    "SELECT id FROM note WHERE text @@ to_tsquery('simple', 'a <-> b')": "SH002",
    "SELECT id FROM note WHERE text @@ to_tsquery('simple', 'a &')": "42601",
    "SELECT id FROM note WHERE text @@ to_tsquery('simple', mark)": "SH002",
    "SELECT id FROM note WHERE sealhold_word(mark, 'a')": "SH002",
    "SELECT id FROM note WHERE sealhold_word(id, 'a')": "SH002",
    "CREATE VIEW v AS SELECT id FROM note WHERE sealhold_word(text, 'a')": "SH002",
    "UPDATE note SET mark = 'x' FROM note n WHERE sealhold_word(n.text, 'a')": "SH002",
    "INSERT INTO note (id, text) VALUES (1, 'a') ON CONFLICT (mark) DO UPDATE SET text = 'b'": (
        "SH002"
    ),
    "SELECT * FROM _sh_words_note_text": "42P01",
    "DROP TABLE public._sh_range_note_score": "42P01",
}


def explained(text: str) -> ExplainedStatement:
    (found,) = explain_statements(POLICY, unkeyed(POLICY, CountingEntropy()), text)
    return found


@pytest.mark.parametrize("text", SENT)
def test_searches_become_look_ups_of_row_numbers(text: str) -> None:
    found = explained(text)

    assert found.refused is None
    assert any(SENT[text] in sql for sql in found.csp), found.csp


@pytest.mark.parametrize("text", REFUSED)
def test_what_cannot_be_searched_is_refused(text: str) -> None:
    found = explained(text)

    assert found.refused is not None
    assert found.refused.code == REFUSED[text], found.refused


@pytest.mark.threat("T694")
def test_no_word_or_bound_is_in_a_text_for_the_provider() -> None:
    for text in (*SENT, "SELECT id FROM note WHERE sealhold_word(text, 'quicksilver')"):
        sent = " ".join(explained(text).csp)
        assert "'x'" not in sent
        assert "quicksilver" not in sent
    assert "3" not in explained("SELECT mark FROM note WHERE score = 3").csp[-1]


def test_explain_tells_of_look_ups_and_of_all_that_lies_there() -> None:
    found = explained("SELECT id FROM note WHERE sealhold_word(text, 'a') AND score = 5")
    assert [sql.split(" WHERE ")[0] for sql in found.csp[:2]] == [
        f"SELECT label, value FROM {WORDS}",
        f"SELECT label, value FROM {RANGES}",
    ]
    assert any("how many pairs of _sh_words_note_text" in each for each in found.leaks)

    (table,) = explain_policy(POLICY, CountingEntropy())
    assert {"_sh_words_note_text.label", "_sh_range_note_score.value"} <= {
        *table.physical_columns()
    }
    learnt = {column.name: column.leaks for column in table.columns}
    assert any("with their prefixes" in leak.learns for leak in learnt["text"])
    assert any("in how many nodes" in leak.learns for leak in learnt["score"])


def test_two_columns_do_not_share_a_table() -> None:
    tables = tuple(
        TablePolicy(
            dataset="d",
            name=name,
            columns=(ColumnPolicy(name=column, type="text", protect=("words",)),),
        )
        for name, column in (("a_b", "c"), ("a", "b_c"))
    )
    columns = unkeyed(Policy(name="p", version=1, tables=tables), CountingEntropy())

    with pytest.raises(InvalidPolicyError):
        check_tables(each for table in columns.values() for each in table.values())
