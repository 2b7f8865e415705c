"""What lets somebody call: a text that no log line and no traceback shows."""

from typing import NoReturn


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
    """Return a token as one that hides itself."""
    return text if isinstance(text, Token) else Token(text)
