"""What lets somebody call: a text that no log line and no traceback shows."""

import re
from typing import NoReturn

from sealhold.client.errors import UsageError

FORM = re.compile(r"[!-~]+")


class Token:
    """A token, a lease or a link. It is shown by `reveal` alone, and goes into no pickle."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text."""
        return self._text

    def __repr__(self) -> str:
        # THREAT T301: what is logged or printed of a value has no token in it
        return "Token(...)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a token is not pickled")


def token_of(text: "str | Token") -> Token:
    """Return a token as one that hides itself.

    Raises:
        UsageError: it is empty, or has a character that no token has.
    """
    token = text if isinstance(text, Token) else Token(text)
    if not FORM.fullmatch(token.reveal()):
        raise UsageError("this is no token")
    return token
