"""Sessions at the command line, replayed: what the program prints is what stands in the file.

    # a sentence about what follows
    $ sealhold search dentist          a command; variables may stand before it
    > correct horse battery            what is typed at the terminal, before the output
    [exit 4]                           how it ended, if not with 0

- `$ flip FILE` changes one bit in the middle of a file, as a failing disk would; `$ flip FILE TEXT`
  one in the last character of a text in it, as a forger would.
- Ids are numbered in the order in which they appear, `q-000000000001`, and typed so; digests and
  lengths of time are written as such. All else is compared to the letter.
- `SEALHOLD_TRANSCRIPTS=write pytest tests/transcripts` writes the files anew; read what changed.
"""

import os
import re
import shlex
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.transcripts.cli import Cli, Ended, furnish

STORIES = sorted(Path(__file__).parent.glob("*.txt"))
STEADY = (
    (re.compile(r"\b[0-9a-f]{64}\b"), "(64 hex digits)"),
    (re.compile(r"\b[0-9a-f]{16}\b"), "(16 hex digits)"),
    (re.compile(r"\bpython 3\.\d+\.\d+"), "python 3.x.y"),
    (re.compile(r"\b\d+\.\d+ s\b"), "0.0 s"),
)
LONG = r"[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[89ab][0-9a-f]{3}-"
ID = re.compile(rf"(?<![0-9a-z])([acdgjqrstux]-|{LONG})([0-9a-f]{{12}})\b")
NOBODY = "f" * 12  # an id that stories use for what is not there
WRITE = os.environ.get("SEALHOLD_TRANSCRIPTS") == "write"


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("story", STORIES, ids=lambda path: path.stem)
def test_a_session_prints_what_it_says(story: Path, tmp_path: Path) -> None:
    written = story.read_text()

    replayed = replay(written, Cli(furnish(tmp_path), shows_prompts=True))

    if WRITE:
        story.write_text(replayed)
    assert replayed == written or WRITE


class Numbered:
    """Ids by the order in which they appear."""

    def __init__(self) -> None:
        self._tails: list[str] = []

    def told(self, text: str) -> str:
        """Return `text` with each id as the story names it."""

        def number(found: re.Match[str]) -> str:
            if found[2] == NOBODY:
                return found[0]
            if found[2] not in self._tails:
                self._tails.append(found[2])
            head = found[1] if len(found[1]) == 2 else "00000000-0000-4000-8000-"
            return f"{head}{self._tails.index(found[2]) + 1:012d}"

        return ID.sub(number, text)

    def typed(self, text: str) -> str:
        """Return `text`, typed in the story, with each id as it really is."""

        def tail(found: re.Match[str]) -> str:
            at = int(found[2]) - 1 if found[2].isdecimal() else len(self._tails)
            return found[1] + (self._tails[at] if at < len(self._tails) else found[2])

        return ID.sub(tail, text)


def replay(story: str, cli: Cli) -> str:
    """Return the story as it goes now."""
    told, ids = [], Numbered()
    lines = story.splitlines()
    for at, line in enumerate(lines):
        if line.startswith("#") or (not line and at + 1 < len(lines) and opens(lines[at + 1])):
            told.append(line)
        elif line.startswith("$ "):
            typed = typed_after(lines, at)
            told += [line, *(f"> {each}" for each in typed)]
            ended = act(cli, shlex.split(ids.typed(line[2:])), typed)
            told += steady(ids.told((ended.out + ended.err).rstrip("\n"))).splitlines()
            if ended.code:
                told.append(f"[exit {ended.code}]")
    return "\n".join(told) + "\n"


def opens(line: str) -> bool:
    """Return whether a new part begins here, so that the empty line before it is the author's."""
    return line.startswith(("#", "$ "))


def typed_after(lines: list[str], at: int) -> list[str]:
    typed = []
    for line in lines[at + 1 :]:
        if not line.startswith("> "):
            break
        typed.append(line[2:])
    return typed


def act(cli: Cli, words: list[str], typed: list[str]) -> Ended:
    env = {}
    while "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        env[name] = value
    match words:
        case ["sealhold", *argv]:
            return cli(*argv, typed=typed, env=env)
        case ["flip", name, *text]:
            return flip(cli.folder / name, "".join(text))
        case _:
            raise ValueError(f"no such step: {words}")


def flip(path: Path, text: str) -> Ended:
    if not path.exists():
        return Ended(1, "", f"no file {path.name}\n")
    content = bytearray(path.read_bytes())
    at = content.index(text.encode()) + len(text) - 1 if text else len(content) // 2
    content[at] ^= 1
    path.write_bytes(content)
    return Ended(0, "", "")


def steady(text: str) -> str:
    """Return `text` with what differs from run to run written as such."""
    for varies, written in STEADY:
        text = varies.sub(written, text)
    return text
