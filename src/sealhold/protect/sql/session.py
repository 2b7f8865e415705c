"""One session from its first byte to its end: bytes in, bytes out, and steps for the listener.

- The client is let in before the provider is connected to. Then the proxy logs in there as itself.
- Nothing here waits or reads: the listener hands in what came and carries out what is asked
  (`model/pgsteps.py`). Each call leaves what is to be sent in `to_client` and `to_provider`.
- What does not keep to the protocol ends the session, on whichever side.

Source: docs/spec/56-postgresql-proxy.md section 3; ADR 87.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sealhold.crypto.scram import Verifier
from sealhold.model.clock import Clock, Entropy
from sealhold.model.errors import (
    DatabaseAwayError,
    LoginRefusedError,
    SealholdError,
    WireError,
)
from sealhold.model.pgsteps import Call, Connect, End, Ready, Step
from sealhold.protect.gate import Gate, Rids
from sealhold.protect.policy import Limits
from sealhold.protect.sql.errors import AWAY, error
from sealhold.protect.sql.parsing import cstring
from sealhold.protect.sql.planning import Planner
from sealhold.protect.sql.serving import Serving
from sealhold.protect.sql.startup import Startup, Welcome
from sealhold.protect.sql.talk import Parts, Talk
from sealhold.protect.sql.upstream import Account, Upstream
from sealhold.protect.sql.wire import HEAD, frame
from sealhold.protect.sumspec import Sums

KEY_BYTES: Final = 8
_EARLY: Final = 2**20  # bytes of a client while the provider is connected to


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What all sessions of one proxy share."""

    planner: Planner
    gate: Gate
    rids: Rids
    clock: Clock
    entropy: Entropy
    limits: Limits
    verifier: Callable[[str], Verifier]  # of any name; takes long
    account: Callable[[str], Account]  # at the provider, for a database of ours
    sums: Sums | None = None  # at an agent
    offers_tls: bool = True
    demands_tls: bool = True


class Session:
    """One client and its connection at the provider."""

    def __init__(self, site: Site) -> None:
        self.to_client: list[bytes] = []
        self.to_provider: list[bytes] = []
        self.steps: list[Step] = []
        self.key = site.entropy(KEY_BYTES)  # by which our client cancels
        self.provider_key = b""  # by which we cancel at the provider
        self.is_ready = False
        self._site = site
        self._startup: Startup | None = Startup(
            site.verifier,
            site.entropy,
            offers_tls=site.offers_tls,
            demands_tls=site.demands_tls,
            to_client=self.to_client,
            steps=self.steps,
        )
        self._upstream: Upstream | None = None
        self._welcome: Welcome | None = None
        self._serving: Serving | None = None
        self._early = b""  # what the client sent before the provider was there
        self._is_over = False

    @property
    def is_full(self) -> bool:
        """Whether no more of the client should be read now."""
        return self._serving is not None and self._serving.is_full

    @property
    def is_stalled(self) -> bool:
        """Whether no more of the provider should be read now."""
        return self._serving is not None and self._serving.is_stalled

    @property
    def is_strained(self) -> bool:
        """Whether one of the two may be so: what is asked at each move."""
        return self._serving is not None and self._serving.is_strained

    def client_said(self, data: bytes) -> None:
        """Take what the client sent."""
        serving = self._serving
        if serving is not None:
            try:
                serving.client_said(data)
            except WireError as err:
                self._end("08P01", str(err))
            return
        if self._is_over:
            return
        if self._startup is None:
            self._early += data
            if len(self._early) > _EARLY:
                self._end("08P01", "too much before the session is ready")
            return
        self._startup.receive(data)
        if self._startup.welcome is not None:
            self._welcome = self._startup.welcome
            self._early, self._startup = self._startup.rest, None
            self.steps.append(Connect(self._welcome.database))

    def secured(self, endpoint: bytes) -> None:
        """Note that TLS is there; `endpoint` is the hash of our certificate."""
        if self._startup is not None:
            self._startup.secured(endpoint)

    def connected(self, endpoint: bytes) -> None:
        """Log in at the provider, whose certificate hashes to `endpoint`; empty without TLS."""
        welcome = self._welcome
        if welcome is None or self._is_over:
            return
        account = self._site.account(welcome.database)
        self._upstream = Upstream(account, self._site.entropy, endpoint, welcome.settings)
        self._drain_upstream()

    def not_connected(self) -> None:
        """End, since the provider does not answer."""
        self._end(AWAY, "the provider's database does not answer")

    def provider_said(self, data: bytes) -> None:
        """Take what the provider sent."""
        serving = self._serving
        if serving is not None:
            try:
                serving.provider_said(data)
            except WireError:
                self._end("08P01", "the provider does not keep to the protocol")
            return
        if self._upstream is None or self._is_over:
            return
        try:
            self._upstream.receive(data)
            self._drain_upstream()
        except (DatabaseAwayError, WireError) as err:
            self._end(AWAY, str(err))
        except LoginRefusedError as err:
            self._end(AWAY, f"the login at the provider failed: {err}")

    def returned(self, call: Call, value: object) -> None:
        """Take what came of a call that was asked for."""
        if self._is_over:
            return
        if self._startup is not None and isinstance(value, Verifier):
            self._startup.found(value)
            self.client_said(b"")
        elif self._serving is not None:
            try:
                self._serving.returned(call, value)
            except WireError as err:
                self._end("08P01", str(err))

    def failed(self, call: Call, err: SealholdError) -> None:
        """Take why a call failed."""
        if self._is_over:
            return
        if self._startup is not None:
            self._startup.failed()
        elif self._serving is not None:
            try:
                self._serving.failed(call, err)
            except WireError as wrong:
                self._end("08P01", str(wrong))

    def provider_gone(self) -> None:
        """End: what was under way is rolled back there, or its outcome is unknown."""
        self._end(AWAY, "the connection to the provider's database was lost")

    def gone(self) -> None:
        """Note that the client is gone, or the listener ends: count what was used."""
        self._is_over = True
        if self._serving is not None:
            self._serving.settle()

    def _drain_upstream(self) -> None:
        upstream, welcome = self._upstream, self._welcome
        if upstream is None or welcome is None:
            return
        self.to_provider += upstream.to_provider
        upstream.to_provider.clear()
        if not upstream.is_ready:
            return
        self._upstream = None
        self.provider_key = upstream.key
        site = self._site
        talk = Talk(
            Parts(
                planner=site.planner,
                gate=site.gate,
                rids=site.rids,
                clock=site.clock,
                limits=site.limits,
                principal=welcome.user,
                database=welcome.database,
                sums=site.sums,
            )
        )
        line = talk.line
        line.to_client, line.to_provider = self.to_client, self.to_provider
        line.steps = self.steps
        for message in upstream.settings:
            self.to_client.append(_told(message, talk, welcome.user))
        self.steps.append(Ready())
        self.to_client.append(frame(b"K", self.key) + frame(b"Z", b"I"))
        self._serving = Serving(talk)
        self.is_ready = True
        early, self._early = self._early, b""
        if early:
            self.client_said(early)

    def _end(self, code: str, message: str) -> None:
        if self._is_over:
            return
        self._is_over = True
        self.to_client.append(error(code, message, fatal=True))
        self.steps.append(End())


def _told(message: bytes, talk: Talk, user: str) -> bytes:
    """Return a message of the provider's login as the client is told it."""
    if message[:1] != b"S":
        return message
    name, at = cstring(message, HEAD)
    value = cstring(message, at)[0]
    talk.learn(name.decode("utf-8", "replace"), value.decode("utf-8", "replace"))
    if name == b"session_authorization":  # who the proxy is there
        value = user.encode()
    if name == b"application_name":
        value = b""
    return frame(b"S", name + b"\0" + value + b"\0")
