"""Markers: values that stand nowhere by chance, planted through an end in every way there is.

- A text marker is three letters, a number in hexadecimal, a letter; a number marker is a bigint
  with five leading bytes of its own. Both are found by their form, in text, hexadecimal and binary.
- Each way of planting has its own numbers, so a hunt tells what leaked how; `refused` counts what a
  proxy did not do.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final

from tests.proxying.addresses import Address
from tests.proxying.tables import Table
from tests.proxying.talking import Step, Talk, Way
from tests.proxying.worlds import KEY, hidden

LETTERS: Final = "zqx"
TEXT: Final = re.compile(rb"zqx([0-9a-f]{6})k")
HEX: Final = re.compile(b"7a7178((?:3[0-9]|6[1-6]){6})6b", re.IGNORECASE)  # of the same bytes
FIRST: Final = 0x5A3C91E7D4 << 24
NUMBER: Final = re.compile(rb"\x5a\x3c\x91\xe7\xd4(...)", re.DOTALL)
TURNED: Final = re.compile(rb"(...)\xd4\xe7\x91\x3c\x5a", re.DOTALL)
SAID: Final = re.compile(rb"65022323868\d{8}")  # a number marker in decimal
AT_ONCE: Final = 100

PLANTED: Final = Table(
    name="planted", dataset="markers", rows=0, columns=(
        KEY,
        hidden("name", "text", "sealed", lambda *_: None),
        hidden("mrn", "text", "match", lambda *_: None, domain="marked"),
        hidden("code", "text", "deterministic", lambda *_: None, domain="code"),
        hidden("note", "text", "words", lambda *_: None),
        hidden("number", "bigint", "match order", lambda *_: None),
    ),
)  # fmt: skip
HIDDEN: Final = ("name", "mrn", "code", "note")


def text(nth: int) -> str:
    """Return the nth text marker."""
    return f"{LETTERS}{nth:06x}k"


def number(nth: int) -> int:
    """Return the nth number marker."""
    return FIRST + nth


def found_in(data: bytes) -> Counter[int]:
    """Return the numbers of the markers that stand in `data`, and how often."""
    found = [int(digits, 16) for digits in TEXT.findall(data)]
    found += [int(bytes.fromhex(digits.decode()), 16) for digits in HEX.findall(data)]
    found += [int.from_bytes(low) for low in NUMBER.findall(data)]
    found += [int.from_bytes(low, "little") for low in TURNED.findall(data)]
    said = (int(digits) - FIRST for digits in SAID.findall(data))
    return Counter([*found, *(nth for nth in said if 0 <= nth < 1 << 24)])


class Planter:
    """Plants markers through one end; `numbers` tells which were planted how."""

    def __init__(self, address: Address, count: int) -> None:
        self._address = address
        self._each = count // len(self._ways)
        self._next = 1
        self._now = ""
        self.numbers: dict[str, range] = {}
        self.refused: Counter[str] = Counter()

    @property
    def _ways(self) -> tuple[Callable[[Talk, range], None], ...]:
        return (
            self.inserts, self.several, self.binds, self.binary_binds, self.copies, self.csv_copies,
            self.updates, self.bound_updates, self.conflicts, self.predicates,
            self.bound_predicates,
            self.prepares, self.cursors, self.comments, self.errors, self.bound_errors,
            self.copy_errors, self.names,
        )  # fmt: skip

    def plant(self) -> None:
        """Plant all."""
        with Talk(self._address) as link:
            self.early(link)
            for sql in (PLANTED.create, "INSERT INTO planted (id) VALUES (1), (2), (3)"):
                (answer,) = link.say(sql)
                assert answer.kind == "done", answer
            for way in self._ways:
                numbers = range(self._next, self._next + self._each)
                self._next = numbers.stop
                self._now = way.__name__
                self.numbers[self._now] = numbers
                way(link, numbers)

    def _must(self, link: Talk, step: Step | str, way: Way = Way.SIMPLE) -> None:
        """Say what has to be done for a marker to be planted at all, or be refused."""
        came = link.say(step, way)
        if any(each.is_refused for each in came):
            self.refused[self._now] += 1
            return
        assert not [each for each in came if each.kind not in {"done", "rows"}], (step, came)

    def early(self, link: Talk) -> None:
        """Name the table before it is there: the policy protects it all the same."""
        numbers = self.numbers["early"] = range(self._next, self._next + 20)
        self._next = numbers.stop
        for nth in numbers:
            link.say(f"INSERT INTO planted (id, name) VALUES (1, '{text(nth)}')")
            link.say(f"SELECT id FROM planted WHERE mrn = '{text(nth)}'")

    def inserts(self, link: Talk, numbers: range) -> None:
        for nth in numbers:
            said = ", ".join(f"'{text(nth)}'" for _ in HIDDEN)
            self._must(link, f"INSERT INTO planted VALUES ({nth + 10}, {said}, {number(nth)})")

    def several(self, link: Talk, numbers: range) -> None:
        for some in _chunks(numbers):
            rows = [f"({n + 10}, E'{text(n)}', $${text(n)}$$, {number(n)})" for n in some]
            self._must(
                link, f"INSERT INTO planted (id, name, mrn, number) VALUES {', '.join(rows)}"
            )

    def binds(self, link: Talk, numbers: range, way: Way = Way.TEXT) -> None:
        for nth in numbers:
            said = ", ".join(f"«{text(nth)}»" for _ in HIDDEN)
            self._must(
                link, f"INSERT INTO planted VALUES ({nth + 10}, {said}, «{number(nth)}»)", way
            )

    def binary_binds(self, link: Talk, numbers: range) -> None:
        self.binds(link, numbers, Way.BINARY)

    def copies(self, link: Talk, numbers: range) -> None:
        lines = "".join(
            "\t".join((str(n + 10), *(text(n) for _ in HIDDEN), str(number(n)))) + "\n"
            for n in numbers
        )
        self._must(link, Step("COPY planted FROM STDIN", lines.encode()))

    def csv_copies(self, link: Talk, numbers: range) -> None:
        lines = "".join(f'{n + 10},"{text(n)}",{text(n)}\n' for n in numbers)
        sql = "COPY planted (id, name, mrn) FROM STDIN (FORMAT csv)"
        self._must(link, Step(sql, lines.encode()))

    def updates(self, link: Talk, numbers: range) -> None:
        for nth in numbers:
            self._must(
                link, f"UPDATE planted SET name = '{text(nth)}', mrn = '{text(nth)}' WHERE id = 1"
            )

    def bound_updates(self, link: Talk, numbers: range) -> None:
        for nth in numbers:
            sql = f"UPDATE planted SET code = «{text(nth)}», number = «{number(nth)}» WHERE id = 2"
            self._must(link, sql, Way.TEXT)

    def conflicts(self, link: Talk, numbers: range) -> None:
        for nth in numbers:
            sql = f"INSERT INTO planted (id, name) VALUES (3, '{text(nth)}') ON CONFLICT DO NOTHING"
            self._must(link, sql)

    def predicates(self, link: Talk, numbers: range) -> None:
        forms = (
            "mrn = '{0}'", "mrn IN ('{0}', 'x')", "code <> '{0}'", "number < {1}", "number = {1}",
            "name = '{0}'", "name LIKE '{0}%'", "NOT mrn = '{0}'", "mrn = 'a' OR '{0}' = mrn",
        )  # fmt: skip
        for nth in numbers:
            where = forms[nth % len(forms)].format(text(nth), number(nth))
            link.say(f"SELECT count(*) FROM planted WHERE {where} AND id < 4")

    def bound_predicates(self, link: Talk, numbers: range) -> None:
        forms = ("mrn = «{0}»", "code = «{0}»", "number >= «{1}»", "name = «{0}»")
        for nth in numbers:
            where = forms[nth % len(forms)].format(text(nth), number(nth))
            way = Way.BINARY if nth % 2 else Way.TEXT
            link.say(f"SELECT count(*) FROM planted WHERE {where} AND id < 4", way)

    def prepares(self, link: Talk, numbers: range) -> None:
        link.say("PREPARE p (text) AS SELECT id FROM planted WHERE mrn = $1 AND id < 4")
        for nth in numbers:
            link.say(f"EXECUTE p ('{text(nth)}')")
        link.say("DEALLOCATE p")

    def cursors(self, link: Talk, numbers: range) -> None:
        for nth in numbers:
            link.say("BEGIN")
            link.say(f"DECLARE c CURSOR FOR SELECT id FROM planted WHERE mrn = '{text(nth)}'")
            link.say("FETCH 1 FROM c")
            link.say("ROLLBACK")

    def comments(self, link: Talk, numbers: range) -> None:
        for nth in numbers:
            link.say(f"SELECT /* {text(nth)} */ id FROM planted WHERE id = 1 -- {text(nth)}")
            link.say(f"SELECT 1 /* {text(nth)} */")

    def errors(self, link: Talk, numbers: range) -> None:
        for nth in numbers:
            link.say(f"INSERT INTO planted (id, number) VALUES ({nth + 10}, '{text(nth)}')")
            link.say(f"INSERT INTO planted (id, name, nothing) VALUES (9, '{text(nth)}', 1)")
            link.say(f"SELECT id FROM planted WHERE mrn = '{text(nth)}' AND no_such = 1")
            link.say(f"SELECT mrn FROM planted WHERE mrn = '{text(nth)}' LIMIT -1")

    def bound_errors(self, link: Talk, numbers: range) -> None:
        for nth in numbers:
            link.say(f"INSERT INTO planted (id, name) VALUES (1, «{text(nth)}»)", Way.TEXT)
            link.say(f"UPDATE planted SET number = «{text(nth)}» WHERE id = 1", Way.TEXT)

    def copy_errors(self, link: Talk, numbers: range) -> None:
        for nth in numbers:
            line = f"{nth + 10}\tx\tx\tx\tx\t{text(nth)}\n"
            link.say(Step("COPY planted FROM STDIN", line.encode()))

    def names(self, link: Talk, numbers: range) -> None:
        for nth in numbers:
            link.say(f"SET application_name = '{text(nth)}'")
            link.say("SELECT id FROM planted WHERE id = 1")
        link.say("RESET application_name")
        with suppress(ConnectionError):
            Talk(self._address, options=f"application_name={text(numbers[0])}").link.finish()


def _chunks(numbers: range) -> Iterator[range]:
    for at in range(0, len(numbers), AT_ONCE):
        yield numbers[at : at + AT_ONCE]
