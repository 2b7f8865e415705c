"""The detail of a statement in tables: each line with the entries of the log that it sums up.

Source: docs/spec/40-statement.md sections 3 and 4.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sealhold.frontends.web.formats import count
from sealhold.frontends.web.sheets import NONE, day_of, name_of, odd_words, spoken
from sealhold.model.quantities import MicroBits, show_bits
from sealhold.model.shown.statement import Line, Part, Standing, Statement

ENTRIES = ("Entries", False)
PARTS = {
    Part.USE: "Uses",
    Part.ASK: "Requests and decisions",
    Part.SOURCE: "What came in",
    Part.OWN: "Your own use",
    Part.UPKEEP: "Upkeep",
    Part.ERASED: "Erased with somebody",
}
_THINGS = {"grant": "Permission", "request": "Request", "source": "Source", "left": "Bits left"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetTable:
    """Lines of one part."""

    heading: str
    columns: tuple[tuple[str, bool], ...]  # name, whether it is a figure
    rows: tuple[tuple[str, ...], ...]


def tables_of(statement: Statement) -> Iterator[SheetTable]:
    """Yield the tables of a statement; a part without a line has none."""
    for part, heading in PARTS.items():
        lines = [line for line in statement.drawn.lines if line.part is part]
        if lines:
            is_asked = part in {Part.USE, Part.ASK}
            yield (
                _of_askers(heading, statement, lines)
                if is_asked
                else _of_kinds(heading, statement, lines)
            )
    if statement.drawn.standings:
        yield _standing(statement)
    if statement.drawn.odd:
        yield SheetTable(
            heading="Worth a look",
            columns=(("When", False), ("What", False), ENTRIES),
            rows=tuple(
                (day_of(odd.at), odd_words(odd, name_of(statement, odd.app)), _some(odd.indices))
                for odd in statement.drawn.odd
            ),
        )


def _of_askers(heading: str, statement: Statement, lines: list[Line]) -> SheetTable:
    names = ("Times", "Answers", "Refused", "Rows read", "Bytes out", "Bits")
    return SheetTable(
        heading=heading,
        columns=(
            ("Who", False),
            ("For what", False),
            ("What", False),
            *((n, True) for n in names),
            ENTRIES,
        ),
        rows=tuple(
            (
                name_of(statement, line.of[0]),
                spoken(line.of[1]) or NONE,
                _what(line),
                count(line.sums["times"]),
                count(line.sums["answers"]),
                count(line.sums["refused"]),
                count(line.sums["rows_read"]),
                count(line.sums["bytes_out"]),
                show_bits(MicroBits(line.sums["cost"])),
                line.runs,
            )
            for line in lines
        ),
    )


def _of_kinds(heading: str, statement: Statement, lines: list[Line]) -> SheetTable:
    return SheetTable(
        heading=heading,
        columns=(
            ("Of what", False),
            ("What", False),
            ("Times", True),
            ("Failed", True),
            ("Rows read", True),
            ("Rows out", True),
            ENTRIES,
        ),
        rows=tuple(
            (
                _of_what(statement, line),
                _what(line),
                count(line.sums["times"]),
                count(line.sums["failed"]),
                count(line.sums["rows_read"]),
                count(line.sums["rows_out"]),
                line.runs,
            )
            for line in lines
        ),
    )


def _of_what(statement: Statement, line: Line) -> str:
    if line.part is Part.ERASED:
        return "nobody can tell any more"
    if line.part is Part.SOURCE:
        key = line.of[0]
        return statement.names.get(key, key[:12] or NONE)
    return line.of[0].replace("_", " ")


def _what(line: Line) -> str:
    """Return what happened how often, why not, and over which columns and datasets."""
    told = [f"{kind.replace('_', ' ')} {count(n)}" for kind, n in sorted(line.kinds.items())]
    words = [", ".join(told)]
    if line.reasons:
        why = (f"{why.replace('_', ' ')} {count(n)}" for why, n in sorted(line.reasons.items()))
        words.append(f"refused or failed: {', '.join(why)}")
    if line.sets["collections"]:
        words.append(f"in {', '.join(line.sets['collections'])}")
    if line.sets["fields"]:
        words.append(f"columns {', '.join(line.sets['fields'])}")
    return "; ".join(word for word in words if word)


def _standing(statement: Statement) -> SheetTable:
    return SheetTable(
        heading="What stands at the end",
        columns=(
            ("Thing", False),
            ("Whose", False),
            ("State", False),
            ("Since", False),
            ("Last", False),
            ENTRIES,
        ),
        rows=tuple(
            (
                _THINGS[each.what],
                "" if each.what == "left" else name_of(statement, each.app or each.id),
                _state(each),
                day_of(each.since),
                day_of(each.last),
                _some(each.indices),
            )
            for each in statement.drawn.standings
        ),
    )


def _state(each: Standing) -> str:
    if each.what == "left":
        return show_bits(MicroBits(each.amount))
    return ", ".join((each.state.replace("_", " "), *each.marks))


def _some(indices: tuple[int, ...]) -> str:
    return ",".join(map(str, indices))
