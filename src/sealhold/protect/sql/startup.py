"""How a client's connection begins: TLS, version, login. No I/O.

- TLS by SSLRequest, or from the first byte; what came in the clear behind an SSLRequest ends the
  connection. Where TLS is demanded nothing else is spoken before it.
- The login is SCRAM-SHA-256, bound to the certificate where the client can. Nobody is told whether
  it was the name or the password.
- Only then is the provider connected to. What the client calls itself stays here.

Source: docs/spec/56-postgresql-proxy.md section 2.
"""

import shlex
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from sealhold.crypto.scram import Verifier
from sealhold.model.clock import Entropy
from sealhold.model.errors import LoginRefusedError, WireError
from sealhold.model.pgsteps import Call, Cancel, End, Secure, Step
from sealhold.protect.sql.errors import error
from sealhold.protect.sql.parsing import cstring, parse_startup
from sealhold.protect.sql.refusing import NotPossibleError
from sealhold.protect.sql.scram import ServerLogin
from sealhold.protect.sql.settings import AT_START, check_setting
from sealhold.protect.sql.wire import (
    BEFORE_LOGIN,
    CANCEL_REQUEST,
    GSS_REQUEST,
    HEAD,
    PROTOCOL,
    SSL_REQUEST,
    frame,
    i32,
    u32,
)

KEPT_HERE: Final = frozenset(("user", "database", "application_name", "replication", "options"))
_SASL: Final = struct.pack(">I", 10)
_SASL_GOES_ON: Final = struct.pack(">I", 11)
_SASL_ENDS: Final = struct.pack(">I", 12)
AUTHENTICATED: Final = frame(b"R", bytes(4))
_KEY_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class Welcome:
    """What a client said of itself before it was let in."""

    user: str
    database: str
    settings: Mapping[str, str]  # for the provider


class Startup:
    """The beginning of one connection; `welcome` is there once the login is done.

    Args:
        verifier: of a user's name; takes long, and gives a verifier for any name.
        entropy: for nonces.
        offers_tls: whether there is a certificate.
        demands_tls: whether nobody comes in without.
        to_client: where messages for the client go.
        steps: where steps for the listener go.
    """

    def __init__(
        self,
        verifier: Callable[[str], Verifier],
        entropy: Entropy,
        *,
        offers_tls: bool,
        demands_tls: bool,
        to_client: list[bytes],
        steps: list[Step],
    ) -> None:
        self.to_client = to_client
        self.steps = steps
        self.welcome: Welcome | None = None
        self.rest = b""  # what the client sent behind its login
        self._verifier = verifier
        self._entropy = entropy
        self._offers = offers_tls
        self._demands = demands_tls
        self._is_secure = False
        self._endpoint = b""
        self._data = b""
        self._said: Mapping[str, str] | None = None
        self._login: ServerLogin | None = None
        self._has_begun = False

    def secured(self, endpoint: bytes) -> None:
        """Note that what comes from now on came over TLS; `endpoint` hashes our certificate."""
        self._is_secure = True
        self._endpoint = endpoint

    def receive(self, data: bytes) -> None:
        """Take what the client sent."""
        self._data += data
        if len(self._data) > 2 * BEFORE_LOGIN:
            self._end("08P01", "too much before the login")
            return
        try:
            while self._data and self.welcome is None and not self._is_waiting():
                if not (self._first() if self._said is None else self._password()):
                    break
        except WireError as err:
            self._end("08P01", str(err))
        except LoginRefusedError:
            self._end("28P01", f'password authentication failed for user "{self._name()}"')
        if self.welcome is not None:
            self.rest, self._data = self._data, b""

    def found(self, verifier: Verifier) -> None:
        """Take the verifier that was asked for."""
        self._login = ServerLogin(verifier, self._entropy, self._endpoint)
        names = b"".join(each.encode() + b"\0" for each in self._login.mechanisms())
        self.to_client.append(frame(b"R", _SASL + names + b"\0"))

    def failed(self) -> None:
        """End, since no verifier could be looked up."""
        self._end("58000", "users cannot be looked up now")

    def _is_waiting(self) -> bool:
        return self._said is not None and self._login is None

    def _name(self) -> str:
        return (self._said or {}).get("user", "")

    def _first(self) -> bool:
        """Take a first packet, which has no kind; return whether it was whole.

        Raises:
            WireError: it is too long or too short.
        """
        data = self._data
        if len(data) < 8:  # noqa: PLR2004  # reason: length and code
            return False
        length, code = u32(data, 0)[0], u32(data, 4)[0]
        if not 8 <= length <= BEFORE_LOGIN:  # noqa: PLR2004  # reason: as above
            raise WireError(f"a first packet of {length} bytes")
        if len(data) < length:
            return False
        body, self._data = data[8:length], data[length:]
        if code == SSL_REQUEST and not self._is_secure:
            self._begin_tls()
        elif code == GSS_REQUEST:
            self.to_client.append(b"N")
        elif code == CANCEL_REQUEST:
            if len(body) == _KEY_BYTES:
                self.steps.append(Cancel(body))
            self.steps.append(End())
            self._data = b""
            return False
        else:
            self._begin(code, body)
        return True

    def _begin_tls(self) -> None:
        """Go over to TLS.

        Raises:
            WireError: something came behind the request.
        """
        # THREAT T640: what somebody in between put behind the request would count as said over TLS
        if self._data:
            raise WireError("something came in the clear behind the request for TLS")
        if not self._offers:
            self.to_client.append(b"N")
            return
        self.to_client.append(b"S")
        self.steps.append(Secure())

    def _begin(self, code: int, body: bytes) -> None:
        if code >> 16 != PROTOCOL >> 16:
            self._end("0A000", f"unsupported frontend protocol {code >> 16}.{code & 0xFFFF}")
            return
        if self._demands and not self._is_secure:
            self._end("28000", "this proxy is spoken to over TLS only")
            return
        said = parse_startup(body)
        unknown = [name for name in said if name.startswith("_pq_.")]
        if code != PROTOCOL or unknown:
            names = b"".join(name.encode() + b"\0" for name in unknown)
            self.to_client.append(frame(b"v", struct.pack(">II", 0, len(unknown)) + names))
        if not said.get("user"):
            self._end("28000", "no PostgreSQL user name specified in startup packet")
        elif said.get("replication", "false").lower() not in {"false", "off", "no", "0"}:
            self._end("0A000", "replication does not go through this proxy")
        elif said.get("client_encoding", "UTF8").upper().strip("'") not in {
            "UTF8",
            "UTF-8",
            "AUTO",
        }:
            self._end("0A000", "only the encoding UTF8 is spoken here")
        else:
            self._said = said
            name = said["user"]
            self.steps.append(Call(lambda: self._verifier(name)))

    def _password(self) -> bool:
        """Take a message of the login; return whether it was whole.

        Raises:
            WireError: it is out of form.
        """
        data = self._data
        if len(data) < HEAD:
            return False
        length = u32(data, 1)[0]
        if data[:1] != b"p" or not 4 <= length <= BEFORE_LOGIN:  # noqa: PLR2004  # reason: its own length
            raise WireError("something else than a login")
        if len(data) < length + 1:
            return False
        body, self._data = data[HEAD : length + 1], data[length + 1 :]
        login = self._login
        if login is None:
            raise WireError("a login out of turn")
        if not self._has_begun:
            self._has_begun = True
            mechanism, at = cstring(body, 0)
            if at + 4 > len(body) or i32(body, at)[0] != len(body) - at - 4:
                raise WireError("a login out of form")
            answer = login.first(mechanism.decode("ascii", "replace"), body[at + 4 :])
            self.to_client.append(frame(b"R", _SASL_GOES_ON + answer))
            return True
        self.to_client.append(frame(b"R", _SASL_ENDS + login.final(body)) + AUTHENTICATED)
        self._let_in()
        return True

    def _let_in(self) -> None:
        said = self._said or {}
        settings = {
            name: value
            for name, value in said.items()
            if name not in KEPT_HERE and not name.startswith("_pq_.")
        }
        settings |= _options(said.get("options", ""))
        try:
            for name, value in settings.items():
                check_setting(name, value)
        except NotPossibleError as err:
            self._end(err.refused.code, err.refused.message)
            return
        named = {name.lower(): value for name, value in settings.items()}
        settings = {**AT_START, **named, "client_encoding": "UTF8"}
        self.welcome = Welcome(said["user"], said.get("database") or said["user"], settings)

    def _end(self, code: str, message: str) -> None:
        self.to_client.append(error(code, message, fatal=True))
        self.steps.append(End())
        self._data = b""
        self._said = {}
        self._login = None


def _options(text: str) -> dict[str, str]:
    """Return the settings of `-c name=value`, which is all that the text may hold.

    Raises:
        WireError: it holds something else.
    """
    found: dict[str, str] = {}
    try:
        words = shlex.split(text)
    except ValueError as err:
        raise WireError("options out of form") from err
    while words:
        word = words.pop(0)
        pair = (
            words.pop(0) if word == "-c" and words else word.removeprefix("-c").removeprefix("--")
        )
        name, equals, value = pair.partition("=")
        if (pair == word and not word.startswith("-c")) or not equals or not name:
            raise WireError("of options only `-c name=value` is understood")
        name = name.replace("-", "_")
        if name.lower() not in KEPT_HERE:
            found[name] = value
    return found
