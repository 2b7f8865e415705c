"""Every error of the tree as a person and as a program are told it."""

import json
import re
from collections.abc import Iterator

import pytest

from sealhold.frontends.cli.errors import LISTS, trouble, usage
from sealhold.frontends.cli.lazy import Group
from sealhold.frontends.cli.out import as_json
from sealhold.frontends.cli.tree import tree
from sealhold.model import errors
from sealhold.model.errors import (
    ErrorKind,
    InvalidIdError,
    NoFileError,
    NotFoundError,
    SealholdError,
    UsageError,
)

ERRORS = [
    each
    for each in vars(errors).values()
    if isinstance(each, type) and issubclass(each, SealholdError) and each is not InvalidIdError
]


def commands(group: Group, before: str = "") -> Iterator[str]:
    for word, entry in group.entries.items():
        yield f"{before}{word}"
        if isinstance(entry, Group):
            yield from commands(entry, f"{before}{word} ")


COMMANDS = set(commands(tree({})))


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.__name__)
def test_an_error_is_told_in_at_most_three_lines_without_a_blank_one(
    error: type[SealholdError],
) -> None:
    lines = trouble(error("something is wrong with `x`"), ("search",)).lines()

    assert len(lines) == 3
    assert lines[0] == "error: something is wrong with `x`"
    assert lines[1].startswith("  ")
    assert lines[2].startswith("  try: ")
    assert all(line.strip() for line in lines)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.__name__)
def test_an_error_without_a_message_says_what_its_class_says(error: type[SealholdError]) -> None:
    lines = trouble(error(), ()).lines()

    assert len(lines) == 2
    assert lines[0].removeprefix("error: ").strip()


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.__name__)
def test_what_to_try_names_commands_that_exist(error: type[SealholdError]) -> None:
    for command in ((), ("request", "show"), ("task", "check"), ("verify",)):
        remedy = trouble(error("x"), command).remedy
        named = re.findall(r"`sealhold ([a-z]+(?: [a-z]+)?)", remedy)
        assert all(words in COMMANDS or words.partition(" ")[0] in COMMANDS for words in named), (
            remedy
        )


@pytest.mark.parametrize(("word", "remedy"), LISTS.items())
def test_an_id_that_is_not_there_leads_to_the_list_where_ids_are(word: str, remedy: str) -> None:
    told = trouble(NotFoundError("no such thing"), (word,))

    assert told.remedy == remedy
    assert trouble(InvalidIdError("grant", "x"), (word,)).remedy == remedy


def test_a_file_that_is_not_there_leads_to_its_path_and_to_no_list() -> None:
    told = trouble(NoFileError("no file `x`"), ("import",))

    assert told.remedy == NoFileError.remedy()


def test_a_usage_error_leads_to_the_help_of_its_command() -> None:
    assert trouble(UsageError("x"), ("request", "add")).remedy == "sealhold request add --help"
    assert usage("No such option '--fast'.", ("run",)).remedy == "sealhold run --help"
    assert usage("No such option '--fast'.", ("run",)).message == "no such option `--fast`"


def test_a_program_reads_kind_code_message_remedy_and_id() -> None:
    told = trouble(NotFoundError("no grant `g-ffffffffffff`"), ("run",))

    assert json.loads(as_json(told.document())) == {
        "error": {
            "kind": "notfound",
            "code": "NOT_FOUND",
            "message": "no grant `g-ffffffffffff`",
            "remedy": "sealhold grant list",
            "id": None,
        }
    }


def test_a_fault_of_ours_has_an_id_to_speak_of_it() -> None:
    told = trouble(SealholdError("a fault of ours, TypeError"), (), number="e-0123456789ab")

    assert told.kind is ErrorKind.BUG
    assert "e-0123456789ab" in told.lines()[-1]


def test_a_message_with_an_escape_code_shows_it_and_does_not_send_it() -> None:
    lines = trouble(NotFoundError("no app `\x1b[31mred`"), ("app",)).lines()

    assert "\x1b" not in "".join(lines)
