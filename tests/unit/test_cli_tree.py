"""The list of commands fits the commands."""

import inspect
import shlex
from collections.abc import Iterator

import pytest

from sealhold.__main__ import MORE
from sealhold.frontends.cli.lazy import Entry, Group
from sealhold.frontends.cli.tree import tree


def entries(group: Group, before: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Entry]]:
    for word, entry in group.entries.items():
        if isinstance(entry, Group):
            yield from entries(entry, (*before, word))
        else:
            yield (*before, word), entry


ENTRIES = dict(entries(tree(MORE)))


@pytest.mark.parametrize("words", ENTRIES, ids=" ".join)
def test_a_line_about_a_command_is_the_first_of_its_help(words: tuple[str, ...]) -> None:
    entry = ENTRIES[words]

    assert (inspect.getdoc(entry.load()) or "").partition("\n")[0] == entry.about


@pytest.mark.parametrize("words", ENTRIES, ids=" ".join)
def test_an_example_begins_with_its_command(words: tuple[str, ...]) -> None:
    assert tuple(shlex.split(ENTRIES[words].example)[: len(words)]) == words
