"""Which entries of a document count, given who may edit: pure rules over entries.

- An author who never might edit counts for nothing; what it sent is refused.
- An editor who was removed keeps what whoever removed it had seen. The rest, and all that was
  built on it, becomes suggestions, to take or to leave; nothing of it is thrown away.
- The same entries and the same verdict give the same answer, in whatever order they come.

Source: docs/spec/48-documents.md section 9.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sealhold.sharing.devices.docops import Entry, Insert

Verdict = Mapping[int, int | None]  # of each editor, up to which number it counts; None is all
Name = tuple[int, int]  # of an entry: author and start


class Why(StrEnum):
    """Why an entry is a suggestion."""

    REMOVED = "removed"  # its author was removed, by somebody who had not seen it
    BUILT_ON = "built-on"  # it was made after such a one


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An entry that does not count unless it is taken, with all that `needed` names.

    `text`: what it inserted, for somebody to read.
    """

    entry: Entry
    why: Why
    text: str


@dataclass(frozen=True, slots=True)
class Judged:
    """What entries come to; each list is in the order of author and start."""

    counted: tuple[Entry, ...]
    suggestions: tuple[Suggestion, ...]
    refused: tuple[Entry, ...]


def judged(
    entries: Iterable[Entry],
    verdict: Verdict,
    taken: frozenset[Name] = frozenset(),
    left: frozenset[Name] = frozenset(),
) -> Judged:
    """Return which entries count.

    Args:
        entries: of one document, each checked and of its author.
        verdict: who may edit or might once, as the membership log decides.
        taken: suggestions that the owner took.
        left: suggestions that the owner left: they stay out, whoever comes back.
    """
    ordered = sorted(entries, key=_name)
    # THREAT T477: a viewer's entry with operations is nobody's edit
    refused = tuple(each for each in ordered if each.author not in verdict)
    rest = [each for each in ordered if each.author in verdict]
    void = {each.author: 0 for each in refused}
    for each in rest:
        until = verdict[each.author]
        is_beyond = until is not None and each.end > until and _name(each) not in taken
        if is_beyond or _name(each) in left:
            void[each.author] = min(void.get(each.author, each.start), each.start)
    while more := [each for each in rest if _stands(each, void) and _built_on(each, void)]:
        for each in more:
            void[each.author] = min(void.get(each.author, each.start), each.start)
    outside = [each for each in rest if not _stands(each, void)]
    return Judged(
        counted=tuple(each for each in rest if _stands(each, void)),
        suggestions=tuple(_suggested(each, verdict) for each in outside),
        refused=refused,
    )


def needed(suggestion: Suggestion, found: Judged) -> frozenset[Name]:
    """Return the names of all suggestions that are to be taken to take this one, itself too."""
    waiting: dict[int, list[Entry]] = {}
    for each in reversed(found.suggestions):
        waiting.setdefault(each.entry.author, []).append(each.entry)
    names: set[Name] = set()
    reach = [(suggestion.entry.author, suggestion.entry.start)]
    while reach:
        author, number = reach.pop()
        mine = waiting.get(author, [])
        while mine and mine[-1].start <= number:
            below = mine.pop()
            names.add(_name(below))
            reach += [head for change in below.changes for head in change.after]
    return frozenset(names)


def _name(entry: Entry) -> Name:
    return entry.author, entry.start


def _stands(entry: Entry, void: Mapping[int, int]) -> bool:
    return entry.author not in void or entry.start < void[entry.author]


def _built_on(entry: Entry, void: Mapping[int, int]) -> bool:
    heads = (head for change in entry.changes for head in change.after)
    return any(author in void and number >= void[author] for author, number in heads)


def _suggested(entry: Entry, verdict: Verdict) -> Suggestion:
    until = verdict[entry.author]
    texts = (op.text for change in entry.changes for op in change.ops if isinstance(op, Insert))
    why = Why.BUILT_ON if until is None or entry.end <= until else Why.REMOVED
    return Suggestion(entry, why, " ".join(texts))
