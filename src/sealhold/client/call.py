"""A call of the API as a value: method, route, what is sent, and how the answer is read.

- It is sent by a `Vault` or an `AsyncVault`; nothing here knows which.
- The same value sent again is the same call: one that makes something carries a key, by which the
  vault knows it, where the vault can.
- What stands in an address or a header has a narrow form, so that no text of a person leads a call
  to another address.

Source: docs/spec/31-client.md section 2.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Generic, TypeVar

import msgspec

from sealhold.client.errors import InvalidError, UntrustedError
from sealhold.client.tokens import Token
from sealhold.client.world import new_id

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_:.-]{0,127}")
MEDIA = re.compile(r"[a-z0-9][a-z0-9.+-]{0,63}/[a-z0-9][a-z0-9.+-]{0,63}")
CURSOR = re.compile(r"[!-~]{1,1024}")
JSON = "application/json"
PURPOSE, LEASE = "sealhold-purpose", "sealhold-processing"
MATCH, NONE_MATCH, KEY = "if-match", "if-none-match", "idempotency-key"


class Repeats(Enum):
    """What comes of a call that is made twice."""

    FREELY = "the same as of one"
    BOUND = "nothing more, and another answer: it is bound to a version or a state"
    NEVER = "perhaps two of what it makes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]  # names in small letters
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Call(Generic[T_co]):
    """One call."""

    method: str
    route: str  # as the API's document has it: `/v1/subjects/{id}`
    read: Callable[[Answer], T_co]
    names: Mapping[str, str] = field(default_factory=dict)  # what stands for those in braces
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    media: str = ""  # of the body
    repeats: Repeats = Repeats.FREELY

    @property
    def path(self) -> str:
        """Return the address, without a query.

        Raises:
            InvalidError: a name has a form that none has.
        """
        return self.route.format_map({name: word(value) for name, value in self.names.items()})

    def __repr__(self) -> str:
        # THREAT T301: neither a lease nor anything of a person shows
        return f"<{self.method} {self.route}>"


@dataclass(frozen=True, slots=True)
class Pages(Generic[T_co]):
    """Calls that go on from each other: `each` of a vault yields what all of them bring."""

    page: Callable[[str], Call[tuple[tuple[T_co, ...], str]]]  # from a cursor; empty: the beginning


@dataclass(frozen=True, slots=True)
class Stream:
    """A call whose answer is taken piece by piece: `stream` of a vault."""

    call: Call[None]


def word(text: str) -> str:
    """Return a text that may stand in an address or a header.

    Raises:
        InvalidError: it may not; the message does not repeat it.
    """
    # THREAT T303: a slash, even one in disguise, would lead to another address
    if not WORD.fullmatch(text):
        raise InvalidError("an id, name or purpose has letters, digits and `_:.-` only")
    return text


def media_type(text: str) -> str:
    """Return a media type without parameters.

    Raises:
        InvalidError: it is none.
    """
    if not MEDIA.fullmatch(text):
        raise InvalidError("a media type is like `image/png`")
    return text


def cursor(name: str, text: str) -> dict[str, str]:
    """Return the query that goes on from a cursor.

    Raises:
        InvalidError: it is none.
    """
    if text and not CURSOR.fullmatch(text):
        raise InvalidError("a cursor is what the last page brought")
    return {name: text} if text else {}


def heads(
    *, purpose: str = "", lease: Token | None = None, version: int | None = None, new: bool = False
) -> dict[str, str]:
    """Return the headers that say what for, under which run, and for which version.

    Raises:
        InvalidError: a purpose has a form that none has.
    """
    told = {
        PURPOSE: word(purpose) if purpose else "",
        LEASE: lease.reveal() if lease else "",
        MATCH: "" if version is None else f'"{version}"',
        NONE_MATCH: "*" if new else "",
    }
    return {name: value for name, value in told.items() if value}


def once() -> dict[str, str]:
    """Return the header by which the vault knows a call that comes again: drawn for this one."""
    return {KEY: new_id()}


def packed(value: object) -> bytes:
    """Return a value as JSON.

    Raises:
        InvalidError: it has no form there.
    """
    try:
        return msgspec.json.encode(value)
    except (TypeError, ValueError, OverflowError, RecursionError):
        raise InvalidError("content is of text, numbers, truth values, lists and objects") from None


def form(kind: type[T]) -> Callable[[Answer], T]:
    """Return what reads an answer as a value of `kind`.

    What a newer vault says beside is passed over.
    """

    def read(answer: Answer) -> T:
        try:
            return msgspec.json.decode(answer.body, type=kind, dec_hook=_opened)
        except msgspec.DecodeError:
            raise UntrustedError("an answer of another form", status=answer.status) from None

    return read


def nothing(_answer: Answer) -> None:
    """Read an answer that says nothing."""


def raw(answer: Answer) -> bytes:
    """Return the answer as it came."""
    return answer.body


def lines(values: Iterable[object]) -> bytes:
    """Return values as lines of JSON."""
    return b"".join(packed(value) + b"\n" for value in values)


def _opened(kind: type[Any], value: Any) -> Any:  # noqa: ANN401  # reason: so msgspec calls it
    if kind is Token and isinstance(value, str):
        return Token(value)
    raise NotImplementedError(kind)
