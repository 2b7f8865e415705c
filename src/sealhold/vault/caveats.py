"""The bounds that a token's holder put on it: whether a use is within them, and how often it was.

- A caveat is held against what the token was shown for. A token that comes as plain text was shown
  for nothing, so none of its caveats holds.
- `purpose` covers what lies within it; `scope` names parts of the API, each with `:read`, `:write`
  or both; `subject` and `processing` are equal or not. `client` holds for a call that the key
  signed which it names; that a proof counts once is looked at in `vault/clients.py`.
- Uses are counted in rows that decide, by a name that is keyed: a token that was narrowed further
  counts together with the one that it comes from.

Source: docs/spec/30-access.md section 4.
"""

from collections.abc import Callable, Iterator

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.audit.log import Entry
from sealhold.crypto import clientproof
from sealhold.crypto.digest import mac16
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.crypto.token import Caveat, CaveatKind, Token, parse
from sealhold.model.errors import BadTokenError, ConflictError, DeniedError, ExhaustedError
from sealhold.model.ids import AppId, Id16, Purpose
from sealhold.model.principals import Presented, Proving
from sealhold.model.quantities import Instant
from sealhold.policy import dpv
from sealhold.stores.spec import Bump, ColumnKind, Delete, Expect, Op, Put, TableSpec
from sealhold.vault.core import Core
from sealhold.vault.deciding import rows_of
from sealhold.vault.writer import Work

MOST_USES = 2**53 - 1  # what is more is as good as no bound
MOST_COUNTS = 1_000  # of one token, so that nobody fills the rows by narrowing it again and again
USES = TableSpec(
    name="tokenuse",
    columns={"name": ColumnKind.TAG16, "token": ColumnKind.ID16, "used": ColumnKind.I64},
    key=("name",),
    indexes={"token": ("token", "name")},
)


def admits(token: str) -> Callable[[Caveat], bool]:
    """Return what says whether the use that `token` was shown for is within a caveat."""
    if not isinstance(token, Presented):
        return lambda _: False
    asked = token.asked

    # THREAT T293: a bound that is not understood, or of which nothing was said, holds for nothing
    def is_within(caveat: Caveat) -> bool:
        match caveat.kind:
            case CaveatKind.PURPOSE:
                return dpv.narrower(Purpose(asked.purpose), Purpose(caveat.value))
            case CaveatKind.PROCESSING | CaveatKind.SUBJECT:
                is_person = caveat.kind is CaveatKind.SUBJECT
                return (asked.subject if is_person else asked.processing) == caveat.value
            case CaveatKind.SCOPE:
                return asked.scope != "" and _covers(caveat.value, asked.scope)
            case CaveatKind.USES:
                return int(caveat.value) > 0  # counted once a call, by `counted`
            case CaveatKind.CLIENT:
                return asked.proving is not None and client_of(token, asked.proving) == caveat.value
            case _:
                return False

    return is_within


def client_of(token: str, proving: Proving) -> str | None:
    """Return the name of the key that signed a call with `token`; None if none did."""
    try:
        proof = clientproof.parse(proving.line)
        # THREAT T02: a token that was copied is shown with no signature of the key that it names
        return clientproof.check(proof, proving.method, proving.target, str(token))
    except BadTokenError:
        return None


def ends_of(token: str) -> Iterator[Instant]:
    """Yield each end that a holder put on a token; what it makes may not outlive one of them.

    Raises:
        BadTokenError: no token.
    """
    for caveat in parse(token).caveats:
        if caveat.kind is CaveatKind.UNTIL:
            yield Instant(int(caveat.value))


def carried(token: str) -> tuple[Caveat, ...]:
    """Return the bounds of a token that a token made with it must carry as well.

    Its end is in the row of what it makes. A scope that covers the making names what is made.

    Raises:
        BadTokenError: no token.
        DeniedError: it may be used so many times, and what it makes could be used more often.
    """
    bounds = parse(token).caveats
    # THREAT T293: a bound of uses would begin anew with each token that is made
    if any(each.kind is CaveatKind.USES for each in bounds):
        raise DeniedError("denied")
    return tuple(each for each in bounds if each.kind is CaveatKind.SUBJECT)


def counted(core: Core, key: Secret, token: Token) -> Iterator[Op]:
    """Yield the operations that count one use of a token that may be used so many times.

    A token without such a bound yields none.

    Raises:
        DeniedError: too many bounds of this kind were put on the token.
    """
    told: list[bytes] = []
    for caveat in token.caveats:
        told.append(caveat.encode())
        if caveat.kind is not CaveatKind.USES:
            continue
        name = mac16(key, Tag.TOKEN_USES, token.id, *told)
        if core.deciding.get(USES.name, name) is None:
            if sum(1 for _ in counts_of(core, token.id)) >= MOST_COUNTS:
                raise DeniedError("denied")
            yield Put(USES.name, (name, token.id, 1), Expect.ABSENT)
        else:
            # THREAT T294: over its cap the whole commit fails, however many come at once
            yield Bump(USES.name, (name,), "used", 1, min(int(caveat.value), MOST_USES))


def count_use(core: Core, key: Secret, app: AppId | None, token: Token) -> None:
    """Count one call of a token that may be used so many times; others count nothing.

    Raises:
        DeniedError: it was used so often already, or is used at this very moment.
    """
    ops = tuple(counted(core, key, token))
    if not ops:
        return
    event = Event(kind=EventKind.ACCESS, actor=Actor.APP, app=app, reason="a counted use")
    try:
        core.writer.commit(Work(ops, (Entry(event=event),)))
    except (ConflictError, ExhaustedError) as err:
        raise DeniedError("denied") from err


def counts_of(core: Core, token: Id16) -> Iterator[Op]:
    """Yield the operations that take out all counts of a token."""
    for found in rows_of(core.store, USES, "token", token):
        yield Delete(USES.name, (found.row[0],))


def _covers(scope: str, asked: str) -> bool:
    part = asked.partition(":")[0]
    return not {part, asked}.isdisjoint(scope.split())
