"""One session from its first byte to its end: bytes in, bytes out, and steps for the listener.

- The client is let in before the provider is connected to. Then the proxy logs in there as itself.
- Nothing here waits or reads: the listener hands in what came and carries out what is asked
  (`model/pgsteps.py`). Each call leaves what is to be sent in `to_client` and `to_provider`.
- What does not keep to the protocol ends the session, on whichever side.

Source: docs/spec/56-postgresql-proxy.md section 3; ADR 87.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from sealhold.crypto.scram import Verifier
from sealhold.model.clock import Clock, Entropy
from sealhold.model.errors import (
    DatabaseAwayError,
    LoginRefusedError,
    QuarantinedError,
    SealholdError,
    WireError,
)
from sealhold.model.pgsteps import Call, Connect, End, Note, Ready, Step
from sealhold.protect.gate import LOGIN, NOT_LET_IN, Gate, Rids, Use
from sealhold.protect.policy import Limits
from sealhold.protect.sql.alike import Alike
from sealhold.protect.sql.errors import AWAY, QUARANTINED, error
from sealhold.protect.sql.guarding import READING, ReadsOnly
from sealhold.protect.sql.parsing import cstring
from sealhold.protect.sql.planning import Hold, NoHold, Planner
from sealhold.protect.sql.serving import Serving
from sealhold.protect.sql.startup import Startup, Welcome
from sealhold.protect.sql.talk import Parts, Talk
from sealhold.protect.sql.upstream import Account, Upstream
from sealhold.protect.sql.wire import HEAD, frame
from sealhold.protect.sumspec import Sums
from sealhold.protect.versions import Versions
from sealhold.protect.watching import UNWATCHED, AtReplica, Watch

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
    versions: Versions | None = None  # of rows that are tagged
    sums: Sums | None = None  # at an agent
    offers_tls: bool = True
    demands_tls: bool = True
    hold: Hold = field(default_factory=NoHold)
    planners: Callable[[str], Planner | None] = lambda _user: None  # of users with a role
    watch: Watch = UNWATCHED
    # by planner, and whether it only reads: planners live as long as the site
    alike: defaultdict[tuple[int, bool], Alike] = field(default_factory=lambda: defaultdict(Alike))


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a session is connected to."""

    id: str = ""  # of the provider
    account: Account | None = None  # None: the site's own
    reads_only: bool = False  # a replica


class Session:
    """One client and its connection at the provider."""

    def __init__(self, site: Site) -> None:
        self.to_client: list[bytes] = []
        self.to_provider: list[bytes] = []
        self.steps: list[Step] = []
        self.key = site.entropy(KEY_BYTES)  # by which our client cancels
        self.provider_key = b""  # by which we cancel at the provider
        self.is_ready = False
        self.spot = Spot()  # the listener's side says where
        self._marks = frozenset[str]()
        self._site = site
        self._startup: Startup | None = Startup(
            site.verifier,
            site.entropy,
            offers_tls=site.offers_tls,
            demands_tls=site.demands_tls,
            to_client=self.to_client,
            steps=self.steps,
            refused=self._login_refused,
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

    @property
    def is_owed(self) -> bool:
        """Whether the provider is to answer something."""
        if self._serving is not None:
            return bool(self._serving.line.owed)
        return self._upstream is not None

    def is_at(self, providers: frozenset[str]) -> bool:
        """Return whether it is connected to one of these."""
        return self.spot.id in providers

    @property
    def is_idle(self) -> bool:
        """Whether nothing that it planned is under way; any thread may ask."""
        return self._serving is None or self._serving.is_idle

    def client_said(self, data: bytes) -> None:
        """Take what the client sent."""
        serving = self._serving
        if serving is not None:
            if self._site.watch.out and self._is_shut_out():
                return
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
            self._marks = frozenset({f"user:{self._welcome.user}"})
            if self._site.watch.out and self._is_shut_out():
                return
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
        self._marks |= {f"provider:{self.spot.id}"}
        account = self.spot.account or self._site.account(welcome.database)
        settings = dict(welcome.settings) | (READING if self.spot.reads_only else {})
        self._upstream = Upstream(account, self._site.entropy, endpoint, settings)
        self._drain_upstream()

    def not_connected(self, err: SealholdError | None = None) -> None:
        """End, since the provider does not answer, or is not to be asked."""
        if isinstance(err, QuarantinedError):
            self._end(QUARANTINED, str(err))
        else:
            self._end(AWAY, "the provider's database does not answer")

    def provider_said(self, data: bytes) -> None:
        """Take what the provider sent."""
        serving = self._serving
        if serving is not None:
            # THREAT T745: in the middle of an answer, too
            if self._site.watch.out and self._is_shut_out():
                return
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

    def provider_silent(self) -> None:
        """End, since the provider is suspected and what is under way there has no answer."""
        self._end(AWAY, "the provider's database has stopped answering")

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
        at_replica, role = self.spot.reads_only, site.planners(welcome.user)
        planner = role or site.planner
        talk = Talk(
            Parts(
                planner=ReadsOnly(planner) if at_replica else planner,
                is_masked=role is not None,
                watch=AtReplica(site.watch, self.spot.id) if at_replica else site.watch,
                gate=site.gate,
                rids=site.rids,
                clock=site.clock,
                limits=site.limits,
                principal=welcome.user,
                database=welcome.database,
                versions=site.versions,
                sums=site.sums,
                hold=site.hold,
                alike=site.alike[id(planner), at_replica],
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

    def _login_refused(self, name: str) -> None:
        # THREAT T742: who tries passwords is in the log, however often they try
        use = Use(name, "", LOGIN, (), (), ())
        self.steps.append(Note(partial(self._site.gate.refused, use, NOT_LET_IN)))

    def _is_shut_out(self) -> bool:
        """Whether the user or the provider is quarantined; the session is ended then."""
        if self._site.watch.out.isdisjoint(self._marks):
            return False
        self._end(QUARANTINED, "quarantined: the owner of the proxy knows why, and lets go of it")
        return True

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
