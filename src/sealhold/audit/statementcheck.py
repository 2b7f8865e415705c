"""Checking a statement: every figure of it is added up again from an export of the log.

- Needs no vault: two files and the keys that the reader trusts.
- The first line that does not come to the same is named.
- A line of which an entry was erased since reads `erased`: its root must still fit, and it says no
  less than what can still be opened.

Source: docs/spec/40-statement.md section 9.
"""

from collections.abc import Collection, Iterator, Sequence
from itertools import zip_longest

from sealhold.audit.checkpoint import open_checkpoint
from sealhold.audit.event import EventKind
from sealhold.audit.logexport import Exported, read_export, root_at
from sealhold.audit.statement import bounds, draw_up, page_of, read_month
from sealhold.audit.statementpaper import looks_like_statement, open_statement
from sealhold.audit.sums import Noted, add_up, read_runs, root_over
from sealhold.audit.verdict import check_trust, judge, no_proof
from sealhold.crypto.digest import sha256
from sealhold.crypto.merkle import EMPTY_ROOT
from sealhold.crypto.note import parse_verifier_key
from sealhold.model.errors import BadProofError
from sealhold.model.quantities import Instant
from sealhold.model.shown import Check, Verdict
from sealhold.model.shown.statement import Drawn, Line, Mark, Part, Statement

_PAPER = "this statement"


def verify_statement(
    paper: bytes,
    export: bytes | None,
    issuers: Collection[bytes] = (),
    logs: Collection[bytes] = (),
) -> Verdict:
    """Return what holds of a statement, added up again from an `export` of the log if there is one.

    `issuers` and `logs` are the keys that the reader trusts for statements and for logs.
    """
    if not looks_like_statement(paper):
        return no_proof("a statement")
    return judge(_PAPER, _steps(paper, export, issuers, logs))


def _steps(
    paper: bytes, export: bytes | None, issuers: Collection[bytes], logs: Collection[bytes]
) -> Iterator[Check]:
    statement, issuer = open_statement(paper)
    drawn = statement.drawn
    told = f"{drawn.month}: {drawn.last - drawn.first} entries in {len(drawn.lines)} lines"
    yield Check(name="form", held=True, detail=told)
    yield check_trust(issuer, issuers)
    _check_itself(statement)
    yield Check(name="page", held=True, detail="each figure follows from the lines below it")
    if export is None:
        yield Check(name="log", held=True, detail="not added up again: no export was given")
        return
    log = read_export(export)
    _check_log(statement, log)
    yield Check(name="log", held=True, detail=f"{log.newest.size} entries of {log.newest.origin}")
    yield check_trust(log.key.public, logs)
    _check_range(statement, log)
    told = "no entry of the month is left out" if statement.over else "the month was not over"
    yield Check(name="month", held=True, detail=told)
    yield from _check_lines(drawn, log)
    yield _check_standing(drawn, statement.made, log)


def _check_itself(statement: Statement) -> None:
    drawn, log = statement.drawn, parse_verifier_key(statement.log)
    if statement.over != (statement.made >= read_month(drawn.month).end):
        raise BadProofError("the month was not over when the statement was made, or was")
    if (statement.begin.size, statement.end.size) != (drawn.first, drawn.last):
        raise BadProofError("the month does not lie between its checkpoints")
    # THREAT T417: a page that says other than its lines
    if page_of(drawn.lines, drawn.standings, len(drawn.odd)) != drawn.page:
        raise BadProofError("the page: not what the lines below it come to")
    if statement.end == Mark(size=0, root=EMPTY_ROOT.hex()) and not statement.note:
        return  # the log had not begun
    signed = open_checkpoint(statement.note, (log,))
    if (signed.size, signed.root.hex()) != (statement.end.size, statement.end.root):
        raise BadProofError("the checkpoint is not that of the end of the month")


def _check_log(statement: Statement, log: Exported) -> None:
    signer = parse_verifier_key(statement.log)
    if signer.name != log.key.name:
        raise BadProofError("the export is of another log")
    # THREAT T418: another key counts only if the log itself says that it follows
    if signer != log.key and not _follows(log, statement.end.size):
        raise BadProofError("the export is signed by a key that the log does not tell of")
    for mark in (statement.begin, statement.end):
        if mark.size > log.newest.size:
            raise BadProofError(f"the export ends before entry {mark.size}")
        if root_at(log.entries, mark.size).hex() != mark.root:
            raise BadProofError(f"the first {mark.size} entries lead to another root")


def _follows(log: Exported, size: int) -> bool:
    """Return whether the key of an export came into force behind the first `size` entries."""
    later = [each.logged.event for each in log.entries[size:] if each.logged is not None]
    named = [event.digest for event in later if event.kind is EventKind.LOG_KEY]
    return sha256(log.key.public) in named


def _check_range(statement: Statement, log: Exported) -> None:
    drawn, month = statement.drawn, read_month(statement.drawn.month)
    known = {*read_runs(drawn.erased, drawn.first), *_erased_in(drawn)}
    entries = log.entries if statement.over else log.entries[: drawn.last]
    first, last = bounds(_times(entries), month)
    # erased since: what lies at an edge and has no time any more may have been on either side
    low = _edge(entries, min(first, drawn.first), max(first, drawn.first), known)
    high = _edge(entries, min(last, drawn.last), max(last, drawn.last), known)
    # THREAT T418: a month that begins late or ends early leaves entries out
    if low is not None or high is not None:
        raise BadProofError(f"entry {low if low is not None else high}: not where its time is")


def _edge(entries: Sequence[Noted], low: int, high: int, known: set[int]) -> int | None:
    """Return the first entry between two edges that tells which of them is right."""
    between = (each for each in entries[low:high] if each.logged is not None or each.seq in known)
    return next((each.seq for each in between), None)


def _times(entries: Sequence[Noted]) -> Iterator[tuple[int, Instant | None]]:
    return ((each.seq, each.logged.at if each.logged else None) for each in entries)


def _erased_in(drawn: Drawn) -> list[int]:
    lines = (line for line in drawn.lines if line.part is Part.ERASED)
    return [seq for line in lines for seq in read_runs(line.runs, drawn.last)]


def _check_lines(drawn: Drawn, log: Exported) -> Iterator[Check]:
    lines = [(line, read_runs(line.runs, drawn.last)) for line in drawn.lines]
    again = {(line.part, line.of): line for line in add_up(log.entries[drawn.first : drawn.last])}
    erased = 0
    for number, (line, named) in enumerate(lines, 1):
        erased += _check_line(number, line, named, log, again)
    every = sorted(seq for _, named in lines for seq in named)
    for seq, expected in zip_longest(every, range(drawn.first, drawn.last)):
        if seq != expected:
            # THREAT T418: each entry of the month is in one line, and in no other
            where = "in no line" if seq is None or (expected is not None and seq > expected) else (
                "in a line too many"
            )  # fmt: skip
            raise BadProofError(f"entry {expected if where == 'in no line' else seq}: {where}")
    told = f"{len(lines)} added up again"
    if erased:
        told += f"; {erased} read erased: entries of theirs can no longer be opened"
    yield Check(name="lines", held=True, detail=told)


def _check_line(
    number: int,
    line: Line,
    named: list[int],
    log: Exported,
    again: dict[tuple[Part, tuple[str, ...]], Line],
) -> bool:
    """Check one line; return whether entries of it were erased since it was written.

    Raises:
        BadProofError: it is not what its entries come to.
    """
    what = f"line {number} ({' '.join((line.part.value, *line.of)).strip()})"
    entries = [log.entries[seq] for seq in named]
    if root_over((each.seq, each.leaf) for each in entries) != line.root:
        raise BadProofError(f"{what}: its entries lead to another root")
    if line.part is Part.ERASED or all(each.logged is not None for each in entries):
        # THREAT T417: a figure that its entries do not come to
        here = add_up(entries) if line.part is Part.ERASED else (again.get((line.part, line.of)),)
        if here != (line,):
            raise BadProofError(f"{what}: its entries come to something else")
        return False
    left = add_up(each for each in entries if each.logged is not None)
    if any((each.part, each.of) != (line.part, line.of) for each in left):
        raise BadProofError(f"{what}: names entries of another line")
    if line.sums["entries"] != len(named) or not all(_is_within(each, line) for each in left):
        raise BadProofError(f"{what}: less than what is left of its entries")
    return True


def _is_within(left: Line, line: Line) -> bool:
    """Return whether a line says no less than what is left of its entries."""
    counted = (left.sums, line.sums), (left.kinds, line.kinds), (left.reasons, line.reasons)
    return all(
        number <= said.get(name, 0) for found, said in counted for name, number in found.items()
    ) and all(set(names) <= set(line.sets.get(name, ())) for name, names in left.sets.items())


def _check_standing(drawn: Drawn, made: Instant, log: Exported) -> Check:
    again = draw_up(log.entries[: drawn.last], read_month(drawn.month), made)
    known = {*read_runs(drawn.erased, drawn.first), *_erased_in(drawn)}
    since = sum(each.logged is None and each.seq not in known
                for each in log.entries[: drawn.last])  # fmt: skip
    if since:
        told = f"not read again: {since} entries can no longer be opened"
        return Check(name="standing", held=True, detail=told)
    parts = (
        ("what stands", drawn.standings, again.standings),
        ("odd uses", drawn.odd, again.odd),
    )
    for what, said, found in parts:
        for number, (one, other) in enumerate(zip_longest(said, found), 1):
            if one != other:
                raise BadProofError(f"{what}, item {number}: not what the log says")
    if (drawn.earlier, drawn.erased) != (again.earlier, again.erased):
        raise BadProofError("the month before: not what the log says")
    return Check(name="standing", held=True, detail=f"{len(drawn.standings)} items read again")
