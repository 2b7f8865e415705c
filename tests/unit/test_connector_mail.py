"""mbox: messages, their words, their attachments."""

import io

import pytest

from sealhold.connectors.htmltext import text_of_html
from sealhold.connectors.mailparts import words
from sealhold.connectors.sources.mbox import Mbox
from sealhold.connectors.spec import Item, Reject, Why
from sealhold.model.errors import UnreadableSourceError

FROM = b"From a@example.org Mon Jan  6 08:00:00 2025\n"


def read(content: bytes) -> tuple[list[Item], list[Reject]]:
    batches = list(Mbox().read(io.BytesIO(content), "file", None))
    items = [item for batch in batches for item in batch.items]
    return items, [reject for batch in batches for reject in batch.rejects]


def one(mail: str | bytes) -> Item:
    (item,), rejects = read(FROM + (mail.encode() if isinstance(mail, str) else mail))
    assert not rejects
    return item


def test_a_mail_gives_who_when_and_what() -> None:
    item = one(
        "From: =?iso-8859-1?q?J=F6rg?= <j@example.org>\nTo: a@example.org, Bo <b@example.org>\n"
        "Cc: c@example.org\nSubject: =?utf-8?b?Q2Fmw6k=?=\n =?utf-8?b?IQ==?=\n"
        "Date: Mon, 6 Jan 2025 10:00:00 +0200\nMessage-ID: <1@x>\nIn-Reply-To: <0@x>\n"
        "X-Gmail-Labels: Inbox,Family\n\nHello\n"
    )

    assert item.fields["from"] == "Jörg <j@example.org>"
    assert item.fields["to"] == ["a@example.org", "Bo <b@example.org>"]
    assert item.fields["cc"] == ["c@example.org"]
    assert item.fields["subject"] == "Café!"
    assert (item.fields["at"], item.fields["offset_min"]) == (1_736_150_400_000, 120)
    assert item.fields["labels"] == ["Inbox", "Family"]
    assert item.fields["body"] == "Hello\n"
    assert item.original_id == "<1@x>"


def test_a_mail_begins_after_an_empty_line_and_quoted_lines_are_undone() -> None:
    content = FROM + b"Subject: 1\n\nFrom here on\n>From there\n>>From far\n\n" + FROM + b"X: 2\n\n"

    items, _ = read(content)

    assert [item.fields["body"] for item in items] == [
        "From here on\nFrom there\n>From far\n\n",
        "",
    ]


def test_plain_text_is_preferred_and_html_is_kept() -> None:
    item = one(
        'Content-Type: multipart/alternative; boundary="b"\n\n--b\nContent-Type: text/plain\n\n'
        "plain\n--b\nContent-Type: text/html\n\n<p>rich</p>\n--b--\n"
    )

    assert item.fields["body"] == "plain"
    assert item.raw["parts"] == {"2": b"<p>rich</p>"}


def test_html_alone_gives_its_words() -> None:
    item = one("Content-Type: text/html; charset=utf-8\n\n<p>Hi&nbsp;Ann</p><script>x()</script>")

    assert item.fields["body"] == "Hi Ann"


@pytest.mark.parametrize(
    "page",
    [
        "<style>p{}</style><h1>Title</h1><p>One  two<br>three</p>",
        "<html><head><title>t</title></head><body><h1>Title</h1>One two<br>three</body></html>",
    ],
)
def test_hidden_parts_of_a_page_are_no_words(page: str) -> None:
    assert text_of_html(page).split() == ["Title", "One", "two", "three"]


@pytest.mark.parametrize(
    "page", ["<" * 10_000, "<!" + "[" * 5_000, "&#x110000;&#0;", "<a " * 1_000]
)
def test_broken_markup_gives_some_text_or_none(page: str) -> None:
    assert isinstance(text_of_html(page), str)


def test_an_attachment_is_listed_and_its_bytes_are_kept() -> None:
    item = one(
        'Content-Type: multipart/mixed; boundary="b"\n\n--b\n\nsee\n--b\n'
        "Content-Type: image/png\nContent-Transfer-Encoding: base64\n"
        "Content-Disposition: attachment; filename*=utf-8''caf%C3%A9.png\n\nAAEC\n--b--\n"
    )

    assert item.fields["attachments"] == [["2", "café.png", "image/png", 3, True]]
    assert item.raw["parts"]["2"] == b"\x00\x01\x02"


def test_a_forwarded_mail_is_an_attachment() -> None:
    item = one(
        'Content-Type: multipart/mixed; boundary="b"\n\n--b\n\nsee\n--b\n'
        "Content-Type: message/rfc822\n\nSubject: inner\n\nold words\n--b--\n"
    )

    assert item.fields["body"] == "see"
    assert item.fields["attachments"][0][2] == "message/rfc822"
    assert b"old words" in item.raw["parts"]["2"]


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-15", "windows-1252", "utf-16"])
def test_a_body_is_read_in_the_charset_that_is_named(charset: str) -> None:
    body = "Größe".encode(charset)
    mail = f"Content-Type: text/plain; charset={charset}\n\n".encode() + body

    assert one(mail).fields["body"] == "Größe"


@pytest.mark.parametrize("charset", ["zip", "idna", "unicode_escape", "nonsense", "undefined"])
def test_a_charset_that_no_text_has_is_not_used(charset: str) -> None:
    mail = f"Content-Type: text/plain; charset={charset}\n\nGröße".encode()

    assert one(mail).fields["body"] == "Größe"


def test_bytes_in_a_header_are_read_though_they_are_not_allowed() -> None:
    assert one("Subject: Größe\n\n".encode()).fields["subject"] == "Größe"
    assert one(b"Subject: Gr\xf6\xdfe\n\n").fields["subject"] == "Größe"


@pytest.mark.parametrize("value", ["=?x?q?a?=", "=?utf-8?b?%%%?=", "=?utf-8?q?=ZZ?=", "=?utf-8"])
def test_a_broken_encoded_word_gives_some_text(value: str) -> None:
    assert words(value)


def test_a_header_that_cannot_be_taken_apart_leaves_the_mail() -> None:
    item = one("To: " + "(" * 50_000 + "\nSubject: x\n\ny")

    assert item.fields["to"] == []
    assert item.raw["headers"][0][0] == "To"


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 99 Jan 2025 10:00:00 +9999", "1" * 400])
def test_a_date_that_is_none_leaves_the_mail(date: str) -> None:
    assert one(f"Date: {date}\n\nx").fields["at"] is None


def test_parts_nested_too_deep_make_the_mail_a_reject() -> None:
    mail = b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n) for n in range(300)
    )

    items, rejects = read(FROM + mail + b"\nx\n\n" + FROM + b"Subject: next\n\n")

    assert [item.fields["subject"] for item in items] == ["next"]
    assert [(one.position, one.why) for one in rejects] == [("message 1", Why.MALFORMED)]


def test_an_empty_mail_is_a_reject() -> None:
    assert [one.why for one in read(FROM)[1]] == [Why.MALFORMED]


@pytest.mark.parametrize("content", [b"", b"\n", b"Hello\n", b"From me\nhello\n"])
def test_what_does_not_begin_as_an_archive_is_unreadable(content: bytes) -> None:
    with pytest.raises(UnreadableSourceError):
        read(content)
