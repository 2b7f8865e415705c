"""Signed notes and checkpoints: what opens, and what does not."""

import pytest

from sealhold.crypto.note import (
    Checkpoint,
    VerifierKey,
    make_note,
    open_note,
    parse_checkpoint,
    parse_verifier_key,
)
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.errors import BadSignatureError, InvalidEncodingError, InvalidError

SIGNER, WITNESS = (SigningKey(Secret(bytes([n]) * 32, "key")) for n in (1, 2))
NAME = "example.com/log"
KEY, WITNESS_KEY = VerifierKey(NAME, SIGNER.public), VerifierKey("witness", WITNESS.public)
NOTE = make_note("one\n\ntwo\n", NAME, SIGNER)


def line(note: str) -> str:
    """Return the signature line of a note."""
    return note.rpartition("\n\n")[2]


def test_what_was_signed_opens_with_all_its_lines() -> None:
    opened = open_note(NOTE, [KEY])

    assert (opened.text, opened.signers) == ("one\n\ntwo\n", (KEY,))


def test_a_second_signer_stands_below_the_first() -> None:
    both = NOTE + line(make_note("one\n\ntwo\n", "witness", WITNESS))

    assert open_note(both, [KEY, WITNESS_KEY]).signers == (KEY, WITNESS_KEY)
    assert open_note(both, [WITNESS_KEY]).signers == (WITNESS_KEY,)


def test_a_signature_of_an_unknown_key_is_passed_over_and_not_counted() -> None:
    both = NOTE + "— stranger " + "AAAA" * 5 + "\n"

    assert open_note(both, [KEY]).signers == (KEY,)
    with pytest.raises(BadSignatureError):
        open_note(both, [WITNESS_KEY])


def test_a_wrong_signature_in_a_known_name_refuses_the_whole() -> None:
    forged = NOTE + line(make_note("another\n", "witness", WITNESS))

    with pytest.raises(BadSignatureError):
        open_note(forged, [KEY, WITNESS_KEY])


def test_a_known_key_under_another_name_is_unknown() -> None:
    with pytest.raises(BadSignatureError):
        open_note(NOTE, [VerifierKey("example.com/other", SIGNER.public)])


def test_a_changed_text_does_not_open() -> None:
    with pytest.raises(BadSignatureError):
        open_note(NOTE.replace("two", "tow"), [KEY])


@pytest.mark.parametrize(
    "note",
    [
        "",
        "one\n",
        "one\n\n",
        "\n\n",
        NOTE.removesuffix("\n"),
        NOTE + "\n",
        NOTE + "one more line\n",
        NOTE.replace("— ", "- "),
        NOTE.replace("— ", "—"),
        NOTE.replace("one\n", "one\r\n"),
        NOTE.replace("one", "o\tne"),
        NOTE.replace("one", "\ud800"),
        NOTE.replace("=\n", "\n"),
        NOTE.replace("\u2014 ", "\u2014  "),
        NOTE + line(NOTE),
        "one\n\n— name AAAA\n",
        "one\n\n— name é\n",
        "one\n\n— na+me AAAAAAAA\n",
        "x" * 70_000 + "\n\n" + line(NOTE),
        "one\n\n" + line(NOTE) * 17,
    ],
)
def test_what_is_not_a_note_is_refused(note: str) -> None:
    with pytest.raises(InvalidEncodingError):
        open_note(note, [KEY])


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("no line end", NAME),
        ("a\ttab\n", NAME),
        ("\udc00\n", NAME),
        ("text\n", ""),
        ("text\n", "a b"),
        ("text\n", "a\u2003b"),
        ("text\n", "a+b"),
    ],
)
def test_a_note_that_nobody_could_read_is_not_made(text: str, name: str) -> None:
    with pytest.raises(InvalidError):
        make_note(text, name, SIGNER)


def test_a_verifier_key_reads_back_as_it_was_written() -> None:
    assert parse_verifier_key(str(KEY)) == KEY


@pytest.mark.parametrize(
    "text",
    [
        "",
        NAME,
        str(KEY).replace("+", " "),
        str(KEY)[:-4],
        str(KEY) + "AAAA",
        str(KEY).replace("example", "exampel"),
        str(KEY).replace("+A", "+B", 1),
        f"{NAME}+{KEY.key_id.hex().upper()}+{str(KEY).rpartition('+')[2]}",
        "+" + str(KEY).partition("+")[2],
    ],
)
def test_what_is_not_a_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(InvalidEncodingError):
        parse_verifier_key(text)


def test_a_checkpoint_reads_back_as_it_was_written() -> None:
    for size in (0, 1, 2**63 - 1):
        checkpoint = Checkpoint(origin=NAME, size=size, root=bytes(32))
        assert parse_checkpoint(checkpoint.text()) == checkpoint


@pytest.mark.parametrize(
    "text",
    [
        "",
        "log\n1\n",
        "log\n1\n" + "A" * 43 + "=",
        "\n1\n" + "A" * 43 + "=\n",
        "log\n01\n" + "A" * 43 + "=\n",
        "log\n+1\n" + "A" * 43 + "=\n",
        "log\n-1\n" + "A" * 43 + "=\n",
        "log\n1 \n" + "A" * 43 + "=\n",
        "log\n\u0661\n" + "A" * 43 + "=\n",
        "log\n9223372036854775808\n" + "A" * 43 + "=\n",
        "log\n1\n" + "A" * 42 + "==\n",
        "log\n1\n" + "A" * 42 + "B=\n",
        "log\n1\n" + "A" * 44 + "\n",
        "log\n1\n" + "A" * 43 + "=\nextension\n",
        "log\n1\n" + "A" * 43 + "=\n\n",
    ],
)
def test_what_is_not_a_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(InvalidEncodingError):
        parse_checkpoint(text)
