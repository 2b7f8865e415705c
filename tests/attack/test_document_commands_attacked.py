"""T510 to T513: words that stay behind, texts that command, editors, and a past that is made up."""

import os
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from sealhold.frontends.cli.documents import show_text, version_table
from sealhold.frontends.cli.editor import edited
from sealhold.frontends.cli.out import render
from sealhold.frontends.cli.session import Session, Shell
from sealhold.model.encoding import Plain
from sealhold.model.errors import EditorFailedError, InvalidEncodingError, StoreBusyError
from sealhold.model.quantities import Instant
from sealhold.model.shown.documents import VersionView, WriterView
from sealhold.sharing.devices.docerasing import erase_words
from sealhold.sharing.devices.docmatching import strike
from sealhold.sharing.devices.docstages import Stage, read_stages, told_stages
from sealhold.sharing.devices.documents import Document
from sealhold.sharing.devices.documentwork import Documents
from sealhold.sharing.devices.logicaltime import MAX_MS, LogicalTime
from tests.transcripts.cli import Typist
from tests.unit.document_thief import says
from tests.unit.owned_devices import Machine, machines
from tests.unit.replicas import Shelf

WORD = "4711"


@pytest.fixture
def two() -> Iterator[list[Machine]]:
    with machines(2) as found:
        yield found


def documents(machine: Machine) -> Documents:
    return Documents(machine.devices, machine.files())


def rounds(shelf: Shelf, *all_of: Machine) -> None:
    for each in (*all_of, *all_of, *all_of):
        assert each.sync(shelf).troubles == []


# --- T510: words that stay in the past ---


def _at_once(document: Document) -> None:
    document.insert(0, "the code is 4711.")


def _letter_by_letter_backwards(document: Document) -> None:
    for letter in "1174":
        document.insert(0, letter)


def _in_pieces_and_gone_again(document: Document) -> None:
    document.insert(0, "4x1")
    document.delete(1, 1)
    document.insert(1, "71")
    document.delete(0, 4)


def _from_what_lay_apart(document: Document) -> None:
    document.insert(0, "47 and 11")
    document.delete(2, 5)
    document.insert(2, " or ")


def _in_values(document: Document) -> None:
    document.put("a", {"deep": [["x 4711 x"]]})
    document.put("a", "gone")
    document.put("b", 647110)
    document.add(0, "4711")
    document.swap(0, "other")
    document.add(0, {"4711": 1})


@pytest.mark.threat("T510")
@pytest.mark.parametrize(
    "write",
    [
        _at_once,
        _letter_by_letter_backwards,
        _in_pieces_and_gone_again,
        _from_what_lay_apart,
        _in_values,
    ],
)
def test_words_that_were_redacted_open_with_all_that_a_place_and_a_device_have(
    two: list[Machine], write: Callable[[Document], None]
) -> None:
    shelf = Shelf()
    rounds(shelf, *two)
    work = documents(two[0])
    thing = work.new("plan")
    work.write(thing, "note: ")
    rounds(shelf, *two)
    work.edit(thing, write)
    rounds(shelf, *two)
    documents(two[1]).edit(thing, lambda found: found.insert(0, "phone "))
    ever = dict(shelf.kept)
    for each in two:
        rounds(shelf, each)
        ever |= shelf.kept
    assert all(says(each.files(), ever, WORD) for each in two)
    erase_words(documents(two[0]), thing, WORD)
    rounds(shelf, *two)
    ever |= shelf.kept
    for each in two:
        assert says(each.files(), ever, WORD) == []
        found = documents(each)
        for stage in found.past(thing):
            held = found.document(thing).content_at(stage.version)
            assert WORD not in repr(held)
        assert WORD not in repr(found.content(thing))
    assert not [name for name, data in ever.items() if WORD.encode() in data]


@pytest.mark.threat("T510")
def test_a_drawn_past_says_redacted_words_nowhere() -> None:
    for seed in range(12):
        chance, document, ends = Random(seed), Document(7), list[int]()
        for _ in range(30):
            text = document.text()
            if text and chance.random() < 0.4:
                at = chance.randrange(len(text))
                document.delete(at, min(len(text) - at, chance.randrange(1, 3)))
            else:
                document.insert(chance.randrange(len(text) + 1), chance.choice(["a", "b", "ab"]))
            document.outgoing()
            ends.append(document.version()[7])
        said = document.said("ab")
        assert bool(said.spans) == any("ab" in each for each in _texts(document, ends))
        said = strike(document, "ab")
        document.outgoing()
        after = Document(8, document.erased(said.spans))
        assert after.said("ab").spans == ()
        assert not [each for each in _texts(after, ends) if "ab" in each]


def _texts(document: Document, ends: list[int]) -> list[str]:
    return [document.content_at({7: end})["text"] for end in ends]


@pytest.mark.threat("T510")
def test_words_that_stood_in_an_earlier_version_alone_go_from_it(two: list[Machine]) -> None:
    work = documents(two[0])
    thing = work.new("plan")
    last = "Patient: Anna of Rome. Ann of Rome was here."
    for text in ("Patient:  of Rome.", "Patient: Ann of Rome.", "Patient: Anna of Rome.", last):
        work.write(thing, text)
    other = work.new("other")
    for text in ("abXYcd", "abXcd", "abcd"):
        work.write(other, text)
    for each, words in ((thing, "Ann of Rome"), (other, "abXcd")):
        erase_words(work, each, words)
        assert not _shown(work, each, words)


@pytest.mark.threat("T510")
def test_words_that_came_together_of_what_two_devices_wrote_go(two: list[Machine]) -> None:
    shelf = Shelf()
    rounds(shelf, *two)
    work = documents(two[0])
    thing = work.new("plan")
    work.write(thing, "-  -")
    rounds(shelf, *two)
    work.edit(thing, lambda found: found.insert(1, "John"))
    documents(two[1]).edit(thing, lambda found: found.insert(2, "is ill"))
    rounds(shelf, *two)
    words = "John is ill"
    assert words in documents(two[0]).text(thing)
    documents(two[1]).edit(thing, lambda found: found.delete(found.text().index("John"), 4))
    rounds(shelf, *two)
    document = documents(two[0]).document(thing)
    assert document.said(words).spans
    erase_words(documents(two[0]), thing, words)
    rounds(shelf, *two)
    for each in two:
        assert not _shown(documents(each), thing, words)


def _shown(work: Documents, thing: bytes, words: str) -> list[str]:
    """Return the versions that can be shown and hold words."""
    document = work.document(thing)
    texts = (document.content_at(each.version)["text"] for each in work.past(thing))
    return [each for each in texts if words in each]


# --- T511: texts that command the terminal ---


@pytest.mark.threat("T511")
def test_versions_that_another_device_wrote_command_no_terminal() -> None:
    hostile = VersionView(
        version="\x1b[2J\x1b[H",
        at=Instant(5),
        by=WriterView(device="", name="\x1b[8m", role=""),
        why="\x1b]0;owned\x07",
        inserted=0,
        deleted=0,
        values=0,
    )
    shown = render(version_table([hostile]), width=100, color=False)
    assert not {"\x1b", "\x07"} & set(shown)


@pytest.mark.threat("T511")
def test_a_text_of_another_device_does_not_command_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_text(Session(Shell()), "one\x1b]0;title\x07\x1b[2J\r\n\u202etwo\tthree")
    said = capsys.readouterr().out
    assert said == "one[U+001B]]0;title[U+0007][U+001B][2J[U+000D]\n[U+202E]two\tthree\n"


# --- T512: what lies open in an editor ---


def session_at_terminal(editor: str) -> Session:
    shell = Shell(environment={"EDITOR": editor}, terminal=Typist(["here"], shows=False))
    return Session(shell)


def told_by_editor(tmp_path: Path, code: int = 0) -> tuple[str, Path]:
    """Return an editor that tells where it wrote, and where it tells that."""
    script, told = tmp_path / "editor.py", tmp_path / "told"
    script.write_text(
        "import os, sys\n"
        f"open({str(told)!r}, 'w').write(sys.argv[1])\n"
        "open(sys.argv[1], 'a').write('more')\n"
        f"sys.exit({code})\n"
    )
    return f"{sys.executable} {script}", told


@pytest.mark.threat("T512")
def test_a_text_in_an_editor_is_for_its_user_alone_and_goes_when_it_was_taken_in(
    tmp_path: Path,
) -> None:
    editor, told = told_by_editor(tmp_path)
    before = os.umask(0)
    try:
        with edited(session_at_terminal(editor), "a secret\n") as after:
            path = Path(told.read_text())
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    finally:
        os.umask(before)
    assert after == "a secret\nmore"
    assert not path.parent.exists()


@pytest.mark.threat("T512")
def test_what_could_not_be_taken_in_is_kept_and_told_and_nothing_after_a_failed_editor(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    editor, told = told_by_editor(tmp_path)
    with pytest.raises(StoreBusyError), edited(session_at_terminal(editor), "a text"):
        raise StoreBusyError("another process has it")
    path = Path(told.read_text())
    assert str(path) in capsys.readouterr().err
    assert path.read_text() == "a text\nmore"
    path.unlink()
    path.parent.rmdir()
    editor, told = told_by_editor(tmp_path, code=1)
    for each in (editor, "/nowhere/editor", "'"):
        with pytest.raises(EditorFailedError), edited(session_at_terminal(each), "a text"):
            raise AssertionError("nothing is taken in")
    assert not Path(told.read_text()).parent.exists()


# --- T513: a past that is made up ---


def stages(count: int) -> list[Stage]:
    return [
        Stage(
            id=f"{at:08x}-{at}",
            time=LogicalTime(at, at),
            device=bytes(16),
            why="",
            version={at: at + 1, 7: at + 1},
            inserted=at,
        )
        for at in range(count)
    ]


@pytest.mark.threat("T513")
def test_what_is_no_past_of_a_document_is_refused_and_what_is_comes_back() -> None:
    told = told_stages(stages(3))
    found = read_stages(told)
    assert [(each.id, each.time, each.inserted) for each in found] == [
        (each.id, each.time, each.inserted) for each in stages(3)
    ]
    assert found[2].version == {0: 1, 1: 2, 2: 3, 7: 3}
    bent: list[tuple[int, Plain]] = [
        (0, 5),
        (0, "x" * 33),
        (1, -1),
        (1, MAX_MS + 1),
        (2, -1),
        (3, b"short"),
        (4, "y" * 33),
        (5, [[1]]),
        (5, [[1, 1 << 31]]),
        (5, [[1 << 64, 1]]),
        (6, [0, 0]),
        (6, [0, -1, 0]),
        (6, [0, "0", 0]),
    ]
    for at, value in bent:
        one = list(told[1])
        one[at] = value
        with pytest.raises(InvalidEncodingError):
            read_stages([told[0], one])


@pytest.mark.threat("T513")
def test_a_past_that_is_made_up_changes_neither_text_nor_who_wrote_which_part(
    two: list[Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, ben = two
    shelf = Shelf()
    rounds(shelf, *two)
    thing = documents(ann).new("plan")
    documents(ann).write(thing, "ann wrote secret")
    rounds(shelf, *two)
    documents(ben).edit(thing, lambda found: found.insert(3, " and ben"))
    rounds(shelf, *two)
    made_up = [
        Stage(
            id="0",
            time=LogicalTime(5, 0),
            device=bytes(16),
            why="began",
            version={3: 1 << 30},  # of an author that there is not
        )
    ]
    with monkeypatch.context() as patched:
        patched.setattr(Documents, "past", lambda *_: made_up)
        erase_words(documents(ann), thing, "secret")
    rounds(shelf, *two)
    found = documents(ben)
    assert found.text(thing) == "ann and ben wrote "
    writers = [device for device, _ in found.written_by(thing)]
    assert writers == [ann.devices.me.id, ben.devices.me.id, ann.devices.me.id]
    assert [each.why for each in found.past(thing)] == ["began", "words erased"]
    documents(ben).edit(thing, lambda document: document.insert(0, "still "))
    rounds(shelf, *two)
    assert documents(ann).text(thing) == "still ann and ben wrote "
