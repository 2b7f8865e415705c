"""Who is signed in: in memory only, so that a restart locks.

- An id has 256 bits, lives 12 hours at most and 15 minutes unused, and is new at each unlock.
- Ids are found by look-up and tokens compared the same way: byte by byte only after a hash that
  is keyed anew for each process agrees, so that timing tells nothing of a stored one.
- The owner's bearer tokens of the API live in a table of their own, under the same rules, and so
  do the sign-ins of apps' people, each with the token that they came with.

Source: docs/spec/20-faces.md section 6.
"""

from dataclasses import dataclass, field, replace
from threading import Lock

from sealhold.frontends.web.tray import Tray, Trays
from sealhold.frontends.web.visit import ShownCards
from sealhold.model.clock import Clock, Entropy
from sealhold.model.quantities import HOUR, MINUTE, Instant

COOKIE = "__Host-sealhold"
ME_COOKIE = "__Host-sealhold-me"  # of one of the people of apps
LOGIN_COOKIE = "__Host-sealhold-login"  # of a browser that went to sign in elsewhere
SCHEME_COOKIE = "__Host-sealhold-scheme"
OWNER_TOKEN = "sho1_"  # noqa: S105 - reason: a prefix; an app's token begins otherwise
ID_BYTES = 32
IDLE = 15 * MINUTE
LONGEST = 12 * HOUR
MOST = 64  # sessions at once; a person has a few
MOST_PEOPLE = 4_096  # sign-ins of people at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One sign-in."""

    id: str
    csrf: str
    begun_at: Instant
    seen_at: Instant
    tray: Tray
    shown: ShownCards = field(default_factory=ShownCards)
    token: str = field(default="", repr=False)  # what one of the people of apps came with

    def ends_at(self) -> Instant:
        """Return when it ends if it is not used again."""
        return Instant(min(self.seen_at + IDLE, self.begun_at + LONGEST))


class Sessions:
    """All sign-ins of this process."""

    def __init__(self, clock: Clock, entropy: Entropy, most: int = MOST) -> None:
        self._most = most
        self._clock = clock
        self._entropy = entropy
        self._trays = Trays()
        self._sessions: dict[str, Session] = {}
        self._one_at_a_time = Lock()

    def begin(self, token: str = "") -> Session:
        """Return a new session; the oldest goes when there are too many."""
        now = self._clock()
        session = Session(
            id=self._entropy(ID_BYTES).hex(),
            csrf=self._entropy(ID_BYTES).hex(),
            begun_at=now,
            seen_at=now,
            token=token,
            tray=self._trays.new(),
        )
        with self._one_at_a_time:
            # what one that is over had handed in goes with it
            over = [each.id for each in self._sessions.values() if now >= each.ends_at()]
            for each in over:
                del self._sessions[each]
            self._sessions[session.id] = session
            while len(self._sessions) > self._most:
                del self._sessions[next(iter(self._sessions))]
        return session

    def use(self, id_text: str | None) -> Session | None:
        """Return the session of this id, used once more; None if there is none or it is over."""
        now = self._clock()
        with self._one_at_a_time:
            session = self._sessions.pop(id_text or "", None)
            if session is None or now >= session.ends_at():
                return None
            used = replace(session, seen_at=now)
            self._sessions[used.id] = used
            return used

    def end(self, id_text: str) -> None:
        """Forget one session."""
        with self._one_at_a_time:
            self._sessions.pop(id_text, None)

    def end_all(self) -> None:
        """Forget every session, also one that is being used at this moment."""
        with self._one_at_a_time:
            self._sessions.clear()


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIns:
    """The sign-ins: of browsers and people by cookie, of the owner's programs by token."""

    pages: Sessions
    programs: Sessions
    people: Sessions

    def new_token(self) -> tuple[str, Instant]:
        """Return a bearer token of the owner, and when it ends if it is not used."""
        session = self.programs.begin()
        return OWNER_TOKEN + session.id, session.ends_at()

    def is_owner(self, token: str) -> bool:
        """Return whether `token` is a living token of the owner."""
        has_form = token.startswith(OWNER_TOKEN)
        return has_form and self.programs.use(token.removeprefix(OWNER_TOKEN)) is not None

    def forget(self, token: str) -> None:
        """End the sign-in of `token`."""
        self.programs.end(token.removeprefix(OWNER_TOKEN))

    def end_all(self) -> None:
        """End every sign-in, as locking does."""
        self.pages.end_all()
        self.programs.end_all()
        self.people.end_all()


def is_token_of(session: Session, token: str) -> bool:
    """Return whether `token` is the form token of `session`."""
    # THREAT T60: the keyed hashes first; see the module's rules.
    return hash(token) == hash(session.csrf) and token == session.csrf


def cookie(name: str, value: str, *, seconds: int | None = None) -> str:
    """Return a `Set-Cookie` value that only this origin gets, over no other site's link."""
    age = "" if seconds is None else f"; Max-Age={seconds}"
    return f"{name}={value}; Path=/; Secure; HttpOnly; SameSite=Strict{age}"
