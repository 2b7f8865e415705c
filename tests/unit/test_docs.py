"""What the documentation says is so: paths, sections, threats, claims, targets, commands.

Pages are compared with the tree and the code; what they say in words, readers must judge.
"""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from sealhold.__main__ import main
from sealhold.demo.steps.s14_own import LINES
from tests.unit.trees import ONE_WORKER, marked
from tools import reference

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SOURCE = ROOT / "src" / "sealhold"
README = ROOT / "README.md"
TOP = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")
PAGES = sorted([*DOCS.rglob("*.md"), *(ROOT / name for name in TOP)])
SOURCES = sorted(SOURCE.rglob("*.py"))
THREATS = tomllib.loads((DOCS / "threats.toml").read_text())
MAKEFILE = (ROOT / "Makefile").read_text()
MAX_README = 120  # lines


def short(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# --- sources named in code ---


class Named(NamedTuple):
    page: str
    sections: frozenset[int]


def named_in(text: str) -> Iterator[Named]:
    """Yield each page of ours that a text names, with the sections it names of it."""
    joined = re.sub(r"\n\s*#?\s*", " ", text)  # a reference may be broken over two lines
    pattern = r"(docs/[\w/-]+\.md)((?:,? (?:and )?sections? \d+(?:(?:, | and | to )\d+)*)?)"
    for found in re.finditer(pattern, joined):
        numbers = [int(number) for number in re.findall(r"\d+", found[2])]
        if " to " in found[2]:
            numbers = list(range(numbers[0], numbers[-1] + 1))
        yield Named(found[1], frozenset(numbers))


ALL_NAMED = [(named, path) for path in SOURCES for named in named_in(path.read_text())]
NAMED_PAGES = sorted({named.page for named, _ in ALL_NAMED})


@pytest.mark.parametrize("page", NAMED_PAGES)
def test_a_page_that_code_names_exists(page: str) -> None:
    assert (ROOT / page).exists(), [short(path) for named, path in ALL_NAMED if named.page == page]


@pytest.mark.parametrize("page", NAMED_PAGES)
def test_a_section_that_code_names_exists(page: str) -> None:
    text = (ROOT / page).read_text() if (ROOT / page).exists() else ""
    sections = {int(number) for number in re.findall(r"^## (\d+)\.? ", text, re.MULTILINE)}
    lost = {
        f"{short(path)}: section {number}"
        for named, path in ALL_NAMED
        if named.page == page
        for number in named.sections - sections
    }

    assert not lost


# --- links ---


def links_of(path: Path) -> Iterator[str]:
    text = re.sub(r"```.*?```|^    .*?$", "", path.read_text(), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" not in target and not target.startswith("#"):
            yield target


@pytest.mark.parametrize("page", PAGES, ids=short)
def test_each_link_leads_to_a_file(page: Path) -> None:
    lost = [
        target for target in links_of(page) if not (page.parent / target.partition("#")[0]).exists()
    ]

    assert not lost


def test_the_index_of_specifications_lists_each_page_and_no_other() -> None:
    pages = {path.name for path in (DOCS / "spec").glob("[0-9]*.md")}

    assert set(links_of(DOCS / "spec" / "index.md")) == pages


def test_the_index_of_decisions_lists_each_page_in_order() -> None:
    pages = sorted(path.name for path in (DOCS / "adr").glob("[0-9]*.md"))

    assert list(links_of(DOCS / "adr" / "index.md")) == pages
    assert len({name[:4] for name in pages}) == len(pages)


@pytest.mark.parametrize("page", sorted((DOCS / "adr").glob("[0-9]*.md")), ids=short)
def test_a_decision_says_context_options_and_what_was_given_up(page: Path) -> None:
    text = page.read_text()

    assert re.match(rf"# {int(page.name[:4])}\b", text)
    for part in ("Status: ", "Context", "Options", "Decision", "(We give|What we gave) up"):
        assert re.search(rf"^(## |\*\*)?{part}", text, re.MULTILINE), part


def test_the_navigation_lists_each_page_and_no_other() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text().partition("\nnav:\n")[2]
    listed = re.findall(r"[\w/-]+\.md", navigation)

    assert sorted(listed) == sorted(
        path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")
    )


# --- threats ---


@ONE_WORKER
def test_each_threat_is_tried_and_each_attack_names_a_threat() -> None:
    assert marked("threat") == THREATS.keys()


@ONE_WORKER
def test_each_promise_that_is_told_is_shown_by_a_test_and_no_other_is_marked() -> None:
    page = (DOCS / "spec" / "24-people.md").read_text()

    assert marked("promise") == set(re.findall(r"^\| (P\d+) \|", page, re.MULTILINE))


def test_each_comment_on_a_threat_names_a_listed_one_and_each_listed_one_has_a_comment() -> None:
    lines = [line for path in SOURCES for line in path.read_text().splitlines()]
    comments = [line.partition("THREAT")[2] for line in lines if "# THREAT" in line]
    named = {mark for comment in comments for mark in re.findall(r"\bT\d{2,3}\b", comment)}

    assert named == THREATS.keys()


@pytest.mark.parametrize("mark", THREATS)
def test_a_threat_says_who_what_where_and_what_remains(mark: str) -> None:
    threat: dict[str, str] = THREATS[mark]
    places = re.findall(r"([\w/]+\.py):? ", threat["stopped_by"])

    assert threat.keys() == {"title", "attacker", "asset", "stopped_by", "remains"}
    assert all(value.strip() for value in threat.values())
    assert places
    for place in places:
        assert re.search(rf"# THREAT .*\b{mark}\b", (SOURCE / place).read_text()), place


# --- claims ---


class Claim(NamedTuple):
    """A row of claims.md."""

    id: str
    sentence: str
    said_in: str
    test: str
    kind: str
    limit: str


CLAIMS = [
    Claim(*(cell.strip() for cell in line.strip().strip("|").split("|")))
    for line in (DOCS / "claims.md").read_text().splitlines()
    if re.match(r"\| C\d\d ", line)
]


def test_claims_are_numbered_without_a_gap() -> None:
    assert [claim.id for claim in CLAIMS] == [f"C{n:02}" for n in range(1, len(CLAIMS) + 1)]


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_a_claim_has_a_test_that_exists(claim: Claim) -> None:
    assert claim.kind in {"tested", "measured", "stated"}
    assert (ROOT / claim.said_in).exists()
    if claim.kind == "stated":
        assert not claim.test
        return
    folder, _, name = claim.test.strip("`").partition("::")
    texts = [path.read_text() for path in (ROOT / folder).glob("test_*.py")]
    assert sum(f"\ndef {name}(" in text for text in texts) == 1


def test_each_claim_of_the_readme_has_a_row_that_says_so() -> None:
    marked = set(re.findall(r"\[(C\d\d)\]", README.read_text()))

    assert marked == {claim.id for claim in CLAIMS if claim.said_in == "README.md"}


# --- commands ---

COMMANDS = {words for words, _ in reference.commands()}
FIRST_WORDS = {words.split()[0] for words in COMMANDS}

GROUPS = {words.rpartition(" ")[0] for words in COMMANDS if words.count(" ") > 1}


def commands_in(text: str) -> Iterator[str]:
    """Yield each command that a text names in code, as far as its words go."""
    for words in re.findall(r"(?:`|^ {4,})sealhold ((?:[a-z][a-z-]* ?)+)", text, re.MULTILINE):
        first, _, rest = words.partition(" ")
        second, _, rest = rest.partition(" ")
        if not any(known.startswith(f"{first} ") for known in COMMANDS):
            yield first
        elif any(known.startswith(f"{first} {second} ") for known in COMMANDS):
            yield f"{first} {second} {rest.partition(' ')[0]}".strip()
        else:
            yield f"{first} {second}".strip()


@pytest.mark.parametrize(
    "page", [*PAGES, *sorted((SOURCE / "model" / "errors").glob("*.py"))], ids=short
)
def test_each_command_that_a_page_names_exists(page: Path) -> None:
    named = set(commands_in(page.read_text()))

    assert named <= COMMANDS | FIRST_WORDS | GROUPS


def options_in(text: str) -> Iterator[tuple[str, str]]:
    """Yield each command that a text names in code with an option of it."""
    for line in re.findall(r"(?:`|^ {4,})sealhold ([^`\n]*)", text, re.MULTILINE):
        words = re.match(r"(?:[a-z][a-z-]* ?)*", line)
        command = next(commands_in(f"`sealhold {words[0] if words else ''}`"), "")
        for option in re.findall(r"(--[a-z][a-z-]*)", line):
            yield command, option


@pytest.mark.parametrize(
    ("command", "option"),
    sorted({pair for page in PAGES for pair in options_in(page.read_text())}),
)
def test_each_option_that_a_page_names_exists(
    command: str, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main([*command.split(), "--help"])

    assert re.search(rf"{option}\b", capsys.readouterr().out)


# --- words ---


def test_a_term_stands_in_the_glossary_once() -> None:
    rows = re.findall(r"^\| ([^|]+) \| ", (DOCS / "glossary.md").read_text(), re.MULTILINE)
    terms = [term.strip() for row in rows if row != "Term" for term in row.split(",")]

    assert sorted(term for term in set(terms) if terms.count(term) > 1) == []


def test_each_threat_stands_in_a_row_of_the_model() -> None:
    text = (DOCS / "threat-model.md").read_text()
    rows = "".join(re.findall(r"^\| (T[^|]+)", text, re.MULTILINE))
    told = {
        f"T{number:02}"
        for first, last in re.findall(r"T(\d+)(?: to T(\d+))?", rows)
        for number in range(int(first), int(last or first) + 1)
    }

    assert THREATS.keys() <= told


# --- the readme and targets ---


def test_the_readme_is_short_and_begins_with_the_two_commands() -> None:
    text = README.read_text()
    commands = re.findall(r"^    (\S.*)$", text, re.MULTILINE)

    assert len(text.splitlines()) <= MAX_README
    assert commands[:2] == ["make demo", "make test"]


def test_a_vault_of_ones_own_begins_as_the_demo_shows_it() -> None:
    shown = [line.split()[:2] for line in LINES]
    commands = re.findall(r"^    (sealhold .*)$", README.read_text(), re.MULTILINE)

    assert [command.split()[:2] for command in commands] == shown


def test_each_target_that_a_page_names_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))
    named = {
        target
        for page in PAGES
        for target in re.findall(r"(?:`|^    )make ([a-z]+)", page.read_text(), re.MULTILINE)
    }

    assert named <= targets


def test_each_target_is_told_to_contributors() -> None:
    phony = set(re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)[0].split())
    told = set(re.findall(r"`?make ([a-z]+)", (ROOT / "CONTRIBUTING.md").read_text()))

    assert phony - {"static", "system"} == told
