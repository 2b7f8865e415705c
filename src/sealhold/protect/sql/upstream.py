"""The proxy's own login at the provider. No I/O.

- By SCRAM-SHA-256 alone, bound to the provider's certificate where it can be. A provider that wants
  the password itself, or lets us in without having shown that it knows us, is none of ours.
- The client's credentials never go there.

Source: docs/spec/56-postgresql-proxy.md section 2.
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from sealhold.crypto.scram import ClientKeys, client_keys
from sealhold.crypto.secret import Secret
from sealhold.model.clock import Entropy
from sealhold.model.errors import DatabaseAwayError, LoginRefusedError, WireError
from sealhold.protect.sql.parsing import parse_notice
from sealhold.protect.sql.scram import ClientLogin
from sealhold.protect.sql.wire import BEFORE_LOGIN, HEAD, Inbox, build_startup, frame, u32

_DONE, _SASL, _GOES_ON, _ENDS = 0, 10, 11, 12
_ASIDE: Final = b"NS"


class Keyring:
    """Remembers what was computed of one password: a login takes a millisecond less."""

    def __init__(self, secret: Secret) -> None:
        self.keys: Callable[[bytes, int], ClientKeys] = lru_cache(8)(
            lambda salt, rounds: client_keys(secret, salt, rounds)
        )


@dataclass(frozen=True, slots=True)
class Account:
    """Who the proxy is at a provider. Without a keyring, the provider knows it by other means."""

    user: str
    database: str
    keyring: Keyring | None


class Upstream:
    """One login. `is_ready` once the provider waits for statements."""

    def __init__(
        self,
        account: Account,
        entropy: Entropy,
        endpoint: bytes,
        settings: Mapping[str, str],
    ) -> None:
        own = {"user": account.user, "database": account.database}
        keyring = account.keyring
        self.to_provider: list[bytes] = [build_startup(own | dict(settings))]
        self.settings: list[bytes] = []  # messages for the client: ParameterStatus, notices
        self.key = b""  # process id and secret, for a cancel
        self.is_ready = False
        self.rest = b""
        self._login = ClientLogin(keyring.keys, entropy, endpoint) if keyring else None
        self._has_shown = keyring is None
        self._is_in = False
        self._inbox = Inbox(BEFORE_LOGIN)

    def receive(self, data: bytes) -> None:
        """Take what the provider sent.

        Raises:
            DatabaseAwayError: it refuses us.
            LoginRefusedError: it does not show that it knows us.
            WireError: it does not speak the protocol.
        """
        data = self._inbox.taken(data)
        at, end = 0, len(data)
        while end - at >= HEAD and not self.is_ready:
            stop = at + 1 + u32(data, at + 1)[0]
            if stop > end:
                break
            self._take(data[at : at + 1], data[at + HEAD : stop], data[at:stop])
            at = stop
        if self.is_ready:
            self.rest = data[at:]
        else:
            self._inbox.keep(data[at:])

    def _take(self, kind: bytes, body: bytes, message: bytes) -> None:
        if kind == b"R" and not self._is_in:
            self._authenticate(body)
        elif kind == b"E":
            fields = parse_notice(body)
            code = fields.get(b"C", b"").decode("ascii", "replace")
            raise DatabaseAwayError(f"the provider refuses the connection: {code}")
        elif kind in {b"N", b"S"}:
            self.settings.append(message)
        elif kind == b"K" and self._is_in:
            self.key = body
        elif kind == b"Z" and self._is_in:
            self.is_ready = True
        elif kind != b"v":
            raise WireError("a message out of turn in the provider's login")

    def _authenticate(self, body: bytes) -> None:
        if len(body) < 4:  # noqa: PLR2004  # reason: bytes of a code
            raise WireError("a login of the provider out of form")
        code, rest = u32(body, 0)[0], body[4:]
        login = self._login
        if code == _DONE and self._has_shown:
            self._is_in = True
        elif code == _SASL and login is not None:
            names = tuple(each.decode("ascii", "replace") for each in rest.split(b"\0") if each)
            mechanism, first = login.first(names)
            size = struct.pack(">I", len(first))
            self.to_provider.append(frame(b"p", mechanism.encode() + b"\0" + size + first))
        elif code == _GOES_ON and login is not None:
            self.to_provider.append(frame(b"p", login.final(rest)))
        elif code == _ENDS and login is not None:
            login.check(rest)
            self._has_shown = True
        else:
            # THREAT T642: a password in the clear or by MD5 would be given to whoever asks for it
            raise LoginRefusedError("the provider wants another login than SCRAM-SHA-256")
