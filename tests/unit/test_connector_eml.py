"""Files of one mail, and Maildirs: what is a mail, what it gives, which files count."""

import io
from pathlib import Path

import pytest

from sealhold.connectors.runner import files_of
from sealhold.connectors.sources import eml
from sealhold.connectors.sources.eml import Eml
from sealhold.connectors.sources.mbox import Mbox
from sealhold.connectors.spec import SNIFF_BYTES, Item, Source
from sealhold.model.errors import UnreadableSourceError

MAIL = (
    b"Received: from a\r\n by b\r\nFrom: =?utf-8?q?J=C3=B6rg?= <j@example.org>\r\n"
    b"To: me@example.org\r\nDate: Mon, 6 Jan 2025 10:00:00 +0200\r\nSubject: Tea\r\n"
    b"Message-ID: <1@x>\r\n\r\nHello\r\n"
)


def read(content: bytes, source: Source | None = None) -> list[Item]:
    batches = (source or Eml()).read(io.BytesIO(content), "file", None)
    return [item for batch in batches for item in batch.items]


def test_a_mail_gives_who_when_and_what() -> None:
    (item,) = read(MAIL)

    assert item.fields == {
        "at": 1_736_150_400_000,
        "offset_min": 120,
        "from": "Jörg <j@example.org>",
        "to": ["me@example.org"],
        "cc": [],
        "subject": "Tea",
        "body": "Hello\n",
        "attachments": [],
        "labels": [],
        "message_id": "<1@x>",
        "in_reply_to": None,
    }
    assert (item.original_id, item.position) == ("<1@x>", "message 1")


def test_a_mail_is_told_as_the_same_mail_in_an_archive_is() -> None:
    (alone,) = read(MAIL)
    (among,) = read(b"From j@example.org Mon Jan  6 08:00:00 2025\n" + MAIL, Mbox())

    assert alone.fields == among.fields


def test_a_line_that_begins_with_from_and_a_mark_is_the_mails_own() -> None:
    (item,) = read(MAIL + b">From here on\r\n")

    assert item.fields["body"] == "Hello\n>From here on\n"


@pytest.mark.parametrize(
    "head",
    [
        MAIL,
        b"\xef\xbb\xbf" + MAIL,
        b"from: a@b\nSUBJECT: x\nto: c@d",
        b"X-Long: " + b"x" * SNIFF_BYTES + b"\n" + MAIL,
    ],
    ids=["whole", "marked", "a draft, in any case", "a long field first"],
)
def test_a_header_with_a_writer_and_more_is_that_of_a_mail(head: bytes) -> None:
    assert Eml().sniff(head, "x").sure == 92


@pytest.mark.parametrize(
    "head",
    [
        b"From: Ann\nDear Bo,\nTo: you\nSubject: x\n",
        b"From: Ann\nTo: Bo\n\nSubject: x\n",
        b"From a@b Mon Jan  6 08:00:00 2025\n" + MAIL,
        b"\n" + MAIL,
        b"Host: a\nDate: b\nVia: c\n\n",
        (
            b"From: <Saved by a browser>\nSnapshot-Content-Location: https://a\nSubject: b\n"
            b"Date: c\nMIME-Version: 1.0\n\n"
        ),
    ],
    ids=["a letter", "too few", "an archive", "late", "HTTP", "a saved page"],
)
def test_what_is_no_header_of_a_mail_is_none(head: bytes) -> None:
    assert Eml().sniff(head, "x.eml").sure == 0


@pytest.mark.parametrize("content", [b"", b"\x00", b"Dear Ann,\n", b"\n" + MAIL])
def test_what_is_no_mail_is_unreadable(content: bytes) -> None:
    with pytest.raises(UnreadableSourceError, match="no mail"):
        read(content)


@pytest.mark.threat("T23")
def test_a_mail_over_the_size_of_mails_is_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eml, "MAX_MESSAGE", 200)

    with pytest.raises(UnreadableSourceError, match="over 200 bytes"):
        read(MAIL + b"x" * 200)


def lay(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(MAIL)


def test_of_a_maildir_the_mails_of_all_its_folders_are_files(tmp_path: Path) -> None:
    mails = ("cur/1.host:2,S", "new/2.host", ".Sent/cur/3.host:2,RS", ".Sent/new/4.host")
    lay(tmp_path, *mails)
    lay(tmp_path, "tmp/5.host", "dovecot.index.log", "maildirsize", "cur/.hidden", ".other/6.eml")
    lay(tmp_path, ".Sent/maildirfolder", "dovecots letters/7.eml")

    found = {str(path.relative_to(tmp_path)) for path in files_of(tmp_path)}

    assert found == {*mails, "dovecots letters/7.eml"}


def test_in_any_other_folder_no_name_is_special(tmp_path: Path) -> None:
    lay(tmp_path, "tmp/1.eml", "dovecot.eml", ".hidden/2.eml")

    assert [path.name for path in files_of(tmp_path)] == ["dovecot.eml", "1.eml"]
