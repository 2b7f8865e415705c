"""Calls about people: make, read, change, find and erase them; hand them tokens and links.

A purpose is a term of the W3C Data Privacy Vocabulary, `ServiceProvision`.

Source: docs/spec/31-client.md section 3; docs/spec/24-people.md section 8.
"""

from collections.abc import Callable, Mapping, Sequence

from sealhold.client.answers import (
    Erased,
    Fields,
    Link,
    Matches,
    NewToken,
    Person,
    Profile,
    Revoked,
    Value,
)
from sealhold.client.call import JSON, Answer, Call, Repeats, form, heads, once, packed, word
from sealhold.client.tokens import Token

_ONE = "/v1/subjects/{id}"
_PROFILE = _ONE + "/profile"
_fields, _matches = form(Fields), form(Matches)


def make() -> Call[Person]:
    """Make a person: an id that says nothing. The same call, sent again, is answered with them."""
    return Call(method="POST", route="/v1/subjects", read=form(Person), headers=once())


def show(subject: str) -> Call[Person]:
    """Show that a person is there."""
    return Call(method="GET", route=_ONE, read=form(Person), names={"id": subject})


def erase(subject: str) -> Call[Erased]:
    """Erase a person with all that is kept of them; again, the same receipt."""
    return Call(method="DELETE", route=_ONE, read=form(Erased), names={"id": subject})


def receipt(receipt: str) -> Call[Erased]:
    """Return the receipt of an erasure as it stands now."""
    return Call(method="GET", route="/v1/erasures/{id}", read=form(Erased), names={"id": receipt})


def read(
    subject: str, purpose: str, fields: Sequence[str] = (), *, lease: Token | None = None
) -> Call[Profile]:
    """Read fields of a profile; without `fields`, all that the purpose covers.

    Raises:
        InvalidError: a name or purpose has a form that none has.
    """
    return Call(
        method="GET",
        route=_PROFILE,
        read=_profile(subject),
        names={"id": subject},
        query={"fields": ",".join(map(word, fields))} if fields else {},
        headers=heads(purpose=purpose, lease=lease),
    )


def replace(at: Person | Profile, fields: Mapping[str, Value], purpose: str) -> Call[Profile]:
    """Replace a profile, as it was when `at` was read.

    Raises:
        InvalidError: a field or purpose has a form that none has.
    """
    return _change("PUT", at, purpose, fields)


def change(at: Person | Profile, fields: Mapping[str, Value | None], purpose: str) -> Call[Profile]:
    """Change some fields of a profile; None takes one out.

    Raises:
        InvalidError: a field or purpose has a form that none has.
    """
    return _change("PATCH", at, purpose, fields)


def clear(at: Person | Profile, purpose: str) -> Call[Profile]:
    """Empty a profile.

    Raises:
        InvalidError: the purpose has a form that none has.
    """
    return _change("DELETE", at, purpose, None)


def find(field: str, value: str, purpose: str) -> Call[tuple[str, ...]]:
    """Find people by a value: the ids of at most 100.

    Raises:
        InvalidError: the purpose has a form that none has.
    """

    def found(answer: Answer) -> tuple[str, ...]:
        return tuple(each.subject for each in _matches(answer).people)

    return Call(
        method="POST",
        route="/v1/lookup",
        read=found,
        headers=heads(purpose=purpose),
        body=packed({"field": field, "value": value}),
        media=JSON,
    )


def token(subject: str) -> Call[NewToken]:
    """Make a token for a person, to hand over to them or to act at their word; it ends in a day."""
    return Call(
        method="POST",
        route=_ONE + "/tokens",
        read=form(NewToken),
        names={"id": subject},
        repeats=Repeats.NEVER,
    )


def end_tokens(subject: str) -> Call[Revoked]:
    """End all tokens of a person."""
    return Call(method="DELETE", route=_ONE + "/tokens", read=form(Revoked), names={"id": subject})


def link(subject: str) -> Call[Link]:
    """Make a link to a person's own page, good once and for 15 minutes."""
    return Call(
        method="POST",
        route=_ONE + "/links",
        read=form(Link),
        names={"id": subject},
        repeats=Repeats.NEVER,
    )


def _change(
    method: str,
    at: Person | Profile,
    purpose: str,
    fields: Mapping[str, Value | None] | None,
) -> Call[Profile]:
    return Call(
        method=method,
        route=_PROFILE,
        read=_profile(at.subject),
        names={"id": at.subject},
        headers=heads(purpose=purpose, version=at.version),
        body=b"" if fields is None else packed({"fields": fields}),
        media="" if fields is None else JSON,
        repeats=Repeats.BOUND,
    )


def _profile(subject: str) -> Callable[[Answer], Profile]:
    def profile(answer: Answer) -> Profile:
        came = _fields(answer)
        return Profile(subject=subject, version=came.version, fields=came.fields)

    return profile
