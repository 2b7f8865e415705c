"""Attacks on words and hidden ranges in statements: what is changed, withheld, named, linked."""

import re
from contextlib import closing
from threading import Thread
from time import monotonic, sleep

import psycopg
import pytest

from tests.proxying.cluster import Cluster
from tests.proxying.migrating import Running
from tests.proxying.notes import (
    ADDED,
    ASKED,
    NOTE,
    TEXTS,
    Link,
    address,
    check_labels,
    found,
    link,
    listed,
    proxy,
    rented,
)
from tests.proxying.worlds import WORDS

__all__ = ["link", "proxy", "rented"]


def code(link: Link, sql: str) -> str:
    with pytest.raises(psycopg.Error) as raised:
        link.execute(sql.encode())
    return raised.value.sqlstate or ""


@pytest.mark.threat("T613")
def test_each_of_128_flipped_bits_is_noticed_every_time(rented: Cluster, link: Link) -> None:
    link.execute("INSERT INTO note VALUES (1, 'fever')")
    with closing(psycopg.connect(rented.address("rented").conninfo, autocommit=True)) as owner:
        flip = "UPDATE {} SET value = set_bit(value, {}, 1 - get_bit(value, {})) WHERE label = {}"
        (label,) = owner.execute(
            f"SELECT label FROM {TEXTS} WHERE length(label) = 16 AND label <> "
            f"{first(owner)}".encode()
        ).fetchone() or (b"",)
        for bit in range(128):
            sql = flip.format(TEXTS, bit, bit, f"'\\x{bytes(label).hex()}'").encode()
            owner.execute(sql)
            assert code(link, "SELECT id FROM note WHERE sealhold_word(text, 'fever')") == "SH003"
            owner.execute(sql)
    assert found(link, "fever") == [1]


def first(owner: psycopg.Connection[tuple[bytes, ...]]) -> str:
    """Return the label that says when the table was empty: it was there before any row."""
    row = owner.execute(f"SELECT label FROM {TEXTS} ORDER BY ctid LIMIT 1".encode()).fetchone()
    return f"'\\x{bytes(row[0]).hex()}'" if row else "''"


@pytest.mark.threat("T617")
def test_what_is_withheld_swapped_or_doubled_is_noticed(rented: Cluster, link: Link) -> None:
    link.execute("INSERT INTO note VALUES (1, 'fever', 7), (2, 'fever', 9)")
    with closing(psycopg.connect(rented.address("rented").conninfo)) as owner:
        for sql in (
            f"DELETE FROM {TEXTS} WHERE ctid = (SELECT max(ctid) FROM {TEXTS})",
            f"UPDATE {TEXTS} t SET value = o.value FROM {TEXTS} o WHERE t.label <> o.label",
            "DELETE FROM _sh_range_note_score",
        ):
            owner.execute(sql.encode())
            owner.commit()
            asked = "score < 100" if "range" in sql else "sealhold_word(text, 'fever')"
            assert code(link, f"SELECT id FROM note WHERE {asked}") == "SH003"


@pytest.mark.threat("T702")
def test_nobody_names_the_tables_of_pairs(link: Link) -> None:
    for sql in (
        f"SELECT * FROM {TEXTS}",
        f"INSERT INTO {TEXTS} VALUES ('a', 'b')",
        f"DROP TABLE {TEXTS}",
        f"TRUNCATE note, {TEXTS}",
        f"SELECT n.id FROM note n, public.{TEXTS} x",
        f"CREATE VIEW v AS SELECT * FROM {TEXTS}",
        f"ALTER TABLE {TEXTS} RENAME TO mine",
    ):
        assert code(link, sql) == "42P01", sql
    assert code(link, f"COPY {TEXTS} TO STDOUT") == "42P01"


@pytest.mark.threat("T703")
def test_a_search_in_an_old_snapshot_is_refused(link: Link) -> None:
    link.execute("INSERT INTO note VALUES (1, 'fever')")
    for level in ("REPEATABLE READ", "SERIALIZABLE"):
        link.execute(f"BEGIN ISOLATION LEVEL {level}".encode())
        assert code(link, "SELECT id FROM note WHERE sealhold_word(text, 'fever')") == "SH002"
        link.execute("ROLLBACK")
    link.execute("BEGIN")
    assert found(link, "fever") == [1]
    link.execute("COMMIT")


@pytest.mark.threat("T704")
def test_changes_look_alike_whatever_the_words(rented: Cluster, link: Link) -> None:
    link.execute("INSERT INTO note VALUES (0, NULL, NULL)")  # names are read, and it is prepared
    link.execute("DELETE FROM note")
    start = len(rented.log.read_text())
    link.execute("INSERT INTO note VALUES (1, 'fever cough ankle', 17)")
    middle = len(rented.log.read_text())
    link.execute("INSERT INTO note VALUES (2, 'fever stabl acute', 17)")
    text = rented.log.read_text()

    shapes = [shape(text[start:middle]), shape(text[middle:])]
    assert shapes[0] == shapes[1]
    sent = [label for _, labels, _ in ADDED.findall(text[start:]) for label in listed(labels)]
    values = [value for _, _, values in ADDED.findall(text[start:]) for value in listed(values)]
    assert len(sent) == len(set(sent)) == 2 * (3 + 5)  # 3 words; 16 buckets are 5 nodes deep
    assert len(set(values)) == len(values)  # nothing is equal, though a word and a number are


def shape(text: str) -> list[str]:
    """Return statements without what is drawn anew: bytes of a length are that length."""
    lines = [line for line in text.splitlines() if "_sh_" in line or "arameters" in line]
    bare = [re.sub(r"^.*?(LOG|DETAIL):", "", line) for line in lines]
    bare = [re.sub(r"\\+x([0-9a-f]+)", lambda m: f"<{len(m[1])}>", line) for line in bare]
    return [re.sub(r"'\d+'|VALUES \(\d+|_sh_\d+|<\d>", "N", line) for line in bare]


@pytest.mark.threat("T704")
def test_a_search_asks_for_as_many_labels_as_pairs_and_shows_which_it_was(
    rented: Cluster, link: Link
) -> None:
    link.execute("INSERT INTO note VALUES (1, 'fever cough', 3), (2, 'fever', 3), (3, 'ankle', 99)")
    link.execute("DELETE FROM note WHERE id = 2")

    def labels(word: str) -> list[set[str]]:
        start = len(rented.log.read_text())
        found(link, word)
        return [set(listed(each)) for _, each in ASKED.findall(rented.log.read_text()[start:])]

    assert [len(each) for each in labels("fever")] == [3]  # two rows, and that one is gone
    assert labels("fever") == labels("fever")  # what explain admits: a search again is seen
    assert not labels("fever")[0] & labels("cough")[0]
    assert labels("never") == []


@pytest.mark.threat("T700")
@pytest.mark.threat("T701")
def test_a_table_that_is_emptied_or_made_anew_uses_no_label_again(
    rented: Cluster, link: Link
) -> None:
    start = len(rented.log.read_text())
    for how in ("TRUNCATE note", "DROP TABLE note", "BEGIN", ""):
        link.execute("INSERT INTO note VALUES (1, 'fever'), (2, NULL)")
        assert found(link, "fever") == [1]
        if how == "BEGIN":
            link.execute("BEGIN")
            link.execute("TRUNCATE note")
            assert found(link, "fever") == []
            link.execute("INSERT INTO note VALUES (9, 'fever')")
            assert found(link, "fever") == [9]
            link.execute("ROLLBACK")
            assert found(link, "fever") == [1]
            link.execute("DELETE FROM note")
        elif how:
            link.execute(how.encode())
            if how.startswith("DROP"):
                link.execute(NOTE.create.encode())
            assert found(link, "fever") == []
    check_labels(rented.log.read_text()[start:])


def test_a_worn_word_is_written_anew_behind_the_client(rented: Cluster, link: Link) -> None:
    for row in range(30):
        link.execute("INSERT INTO note VALUES (%s, 'fever')", (row,))
    link.execute("DELETE FROM note WHERE id > 2")
    before = count(rented)
    assert found(link, "fever") == [0, 1, 2]

    until = monotonic() + 10
    while count(rented) >= before and monotonic() < until:
        sleep(0.1)

    assert count(rented) == 3 + 1  # and the one that says when the table was empty
    assert found(link, "fever") == [0, 1, 2]
    link.execute("INSERT INTO note VALUES (7, 'fever')")
    assert found(link, "fever") == [0, 1, 2, 7]


def count(rented: Cluster) -> int:
    return int(rented.run(f"SELECT count(*) FROM {TEXTS}", "rented")[0][0] or 0)


def test_two_sessions_see_of_each_other_what_is_committed(proxy: Running, link: Link) -> None:
    with closing(psycopg.connect(address(proxy).conninfo)) as other:
        other.execute("INSERT INTO note VALUES (1, 'fever', 5)")
        assert found(link, "fever") == []
        assert found(other, "fever") == [1]
        with pytest.raises(psycopg.Error, match="another transaction"):
            link.execute("TRUNCATE note")
        other.commit()
        assert found(link, "fever") == [1]
        assert link.execute("SELECT id FROM note WHERE score BETWEEN 1 AND 9").fetchall() == [(1,)]


@pytest.mark.threat("T707")
def test_a_row_that_changed_while_it_was_waited_for_is_not_taken(
    proxy: Running, link: Link
) -> None:
    link.execute("INSERT INTO note VALUES (1, 'fever', 5), (2, 'fever', 6)")
    with closing(psycopg.connect(address(proxy).conninfo)) as first:
        first.execute("UPDATE note SET text = 'left' WHERE id = 1")
        taking = Thread(
            target=lambda: link.execute("DELETE FROM note WHERE sealhold_word(text, 'fever')")
        )
        taking.start()
        taking.join(0.3)
        assert taking.is_alive()  # it waits for the row
        first.commit()
        taking.join(10)

    assert link.execute("SELECT id, text FROM note").fetchall() == [(1, "left")]
    assert found(link, "left") == [1]


def test_many_lines_are_copied_in_and_found(link: Link) -> None:
    with link.cursor() as cursor:
        with cursor.copy("COPY note FROM STDIN") as copy:
            for row in range(3_000):
                copy.write_row((row, f"line {row} {WORDS[row % 11]}", row % 256))
        with pytest.raises(psycopg.Error), cursor.copy("COPY note FROM STDIN") as copy:
            copy.write_row((9_999, "fever", 256))
    assert len(found(link, "line")) == 3_000
    assert found(link, "2718") == [2718]
    assert link.execute("SELECT count(*) FROM note WHERE score = 17").fetchone() == (12,)
