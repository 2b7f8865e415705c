"""Texts that differ in their numbers alone: what is known of one of them holds for all.

- Only for texts in which a number cannot be anything else: plain words, blanks, and a few signs;
  no quotes, comments, `$n` or letters beyond ASCII.
- Runs of digits that touch no letter are left out of a shape. A plan that sends a text on does not
  depend on them: it follows from names, and from the kind of statement.

Source: docs/spec/56-postgresql-proxy.md section 4; PostgreSQL 15, chapter 4.1.
"""

import re
from string import ascii_letters, digits, whitespace
from typing import Final

MOST: Final = 2048  # bytes of a text that has a shape
_PLAIN: Final = f"{ascii_letters}{digits}{whitespace}_=<>+*%.,;:()[]-".encode()
_NUMBER: Final = re.compile(rb"\b[0-9]+\b", re.ASCII)


def shape_of(text: bytes) -> bytes | None:
    """Return a text without its numbers; None if a number in it may be part of something else."""
    # THREAT T693: a text with a comment has no shape, since it would go on as it is
    if len(text) > MOST or b"--" in text or text.translate(None, _PLAIN):
        return None
    return _NUMBER.sub(b"0", text)
