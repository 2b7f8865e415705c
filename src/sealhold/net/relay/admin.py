"""What an admin of a mailbox asks of its relay: opening it, tokens, another key, its end.

- Papers are numbered by time, and by one more than the last where the clock stands or is behind,
  or another admin was faster.
- No paper is sent twice: one whose answer was lost may have taken effect, and another is signed.

Source: docs/spec/14-relay.md section 4.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, TypedDict, Unpack

from sealhold.crypto.sign import SigningKey
from sealhold.crypto.token import parse
from sealhold.model.clock import Clock
from sealhold.model.encoding import unpack
from sealhold.model.errors import BadTokenError, CarrierAwayError, InvalidEncodingError
from sealhold.model.ids import Id16
from sealhold.net.relay.calling import Call, Caller, Reply, checked
from sealhold.net.relay.papers import MAX_NUMBER, Act, Paper, Rights, signed
from sealhold.net.relay.spec import Usage

TRIES: Final = 3  # with a number that other admins have not passed meanwhile
_CREATED, _STALE = 201, 409


class _Said(TypedDict, total=False):
    key: bytes
    rights: Rights
    tokens: tuple[Id16, ...]


@dataclass(slots=True)
class RelayAdmin:
    """One mailbox and its key."""

    caller: Caller
    box: Id16
    key: SigningKey
    clock: Clock
    _last: int = field(default=0)

    def open(self, account_token: str) -> bool:
        """Make the mailbox; false if it is there already, under this key.

        Raises:
            CarrierRefusedError: the token is of no account, or the mailbox has another key.
            CarrierFullError: the account has as many mailboxes as it may.
            CarrierAwayError: no answer; it may be repeated.
        """
        body = signed(self._paper(Act.OPEN, key=self.key.public), self.key)
        path = f"/v1/m/{self.box.hex()}"
        call = Call(method="PUT", path=path, token=account_token, body=body)
        return checked(self.caller.call(call), "a new mailbox").status == _CREATED

    def mint(self, rights: Rights) -> str:
        """Return a new token: the only copy there is.

        Raises:
            CarrierRefusedError: the key is not in force any more.
            ConflictError: a paper with a later number came before.
            CarrierFullError: the mailbox has as many tokens as it may.
            CarrierAwayError: no answer; there may be a token that nobody has.
        """
        token = self._ask(Act.MINT, "a new token", rights=rights)
        try:
            text = token.decode("ascii")
            parse(text)
        except (UnicodeDecodeError, BadTokenError) as err:
            raise CarrierAwayError("the relay answers in no form that is known") from err
        return text

    def drop(self, tokens: Sequence[str]) -> None:
        """End tokens of this mailbox.

        Raises:
            CarrierRefusedError: the key is not in force any more.
            ConflictError: a paper with a later number came before.
            CarrierAwayError: no answer; it may have taken effect.
        """
        ids = tuple(parse(each).id for each in tokens)
        self._ask(Act.DROP, "that tokens end", tokens=ids)

    def rekey(self, key: SigningKey) -> None:
        """Put another key in force; every token of the mailbox ends.

        Raises:
            CarrierRefusedError: the key is not in force any more.
            ConflictError: a paper with a later number came before.
            CarrierAwayError: no answer; it may have taken effect.
        """
        self._ask(Act.REKEY, "another key", key=key.public)
        self.key = key

    def end(self) -> None:
        """Have the relay forget the mailbox and all that lies in it.

        Raises:
            CarrierRefusedError: the key is not in force any more, or there is no such mailbox.
            CarrierAwayError: no answer; it may have taken effect.
        """
        self._ask(Act.END, "that a mailbox ends")

    def _ask(self, act: Act, what: str, **said: Unpack[_Said]) -> bytes:
        reply = self._sent(act, said)
        for _again in range(TRIES - 1):
            if reply.status == _STALE:
                self._last = max(self._last, _number(reply.body))
                reply = self._sent(act, said)
        return checked(reply, what).body

    def _sent(self, act: Act, said: _Said) -> Reply:
        body = signed(self._paper(act, **said), self.key)
        path = f"/v1/m/{self.box.hex()}/tokens"
        return self.caller.call(Call(method="POST", path=path, body=body, is_repeatable=False))

    def _paper(self, act: Act, **said: Unpack[_Said]) -> Paper:
        self._last = max(self._last + 1, self.clock())
        return Paper(act=act, box=self.box, number=self._last, **said)


def usage_of(caller: Caller, account_token: str) -> Usage:
    """Return how much of an account is used.

    Raises:
        CarrierRefusedError: the token is of no account.
        CarrierAwayError: no answer.
    """
    call = Call(method="GET", path="/v1/account", token=account_token)
    try:
        told = unpack(checked(caller.call(call), "what an account uses").body)
    except InvalidEncodingError as err:
        raise CarrierAwayError("the relay answers in no form that is known") from err
    match told:
        case {"quota": int() as quota, "used": int() as used, "boxes": int() as boxes}:
            return Usage(quota, used, boxes)
        case _:
            raise CarrierAwayError("the relay answers in no form that is known")


def _number(told: bytes) -> int:
    try:
        number = unpack(told)
    except InvalidEncodingError:
        return 0
    return number if isinstance(number, int) and 0 < number < MAX_NUMBER else 0
