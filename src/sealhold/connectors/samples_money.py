"""Made-up files of mail, banks and browsers, in any size.

- The same count gives the same bytes; nobody in them exists.

Source: docs/spec/44-money-and-mail.md.
"""

from datetime import UTC, datetime

from sealhold.connectors.samples import Sample

_START = datetime(2025, 1, 6, 8, tzinfo=UTC)


def eml(count: int) -> Sample:
    """Return one mail with `count` lines and a small attachment."""
    lines = "".join(f"Line {n}: shall we meet, or write?\n" for n in range(count))
    content = (
        "Return-Path: <ann@example.org>\nReceived: by mx; Mon, 6 Jan 2025 08:00:01 +0000\n"
        "From: Ann <ann@example.org>\nTo: me@example.org\nSubject: =?utf-8?q?Caf=C3=A9?=\n"
        "Date: Mon, 6 Jan 2025 09:00:00 +0100\nMessage-ID: <one@example.org>\nMIME-Version: 1.0\n"
        'Content-Type: multipart/mixed; boundary="b"\n\n'
        f"--b\nContent-Type: text/plain; charset=utf-8\n\n{lines}"
        "--b\nContent-Type: application/octet-stream\n"
        'Content-Disposition: attachment; filename="map.bin"\n'
        "Content-Transfer-Encoding: base64\n\nAAECAwQFBgc=\n--b--\n"
    )
    return Sample(
        file_name="meeting.eml", content=content.encode(), items={"messages": 1}, has_end=False
    )
