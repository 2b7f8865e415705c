"""The policies that were put in force, one version after the other, and the one that holds.

- A version is above the one before and names its digest, so none is left out or put back. The rows
  are under the set hash: an older copy of the database shows when the vault is opened.
- Kept are the exact bytes and the envelope: what was in force at a time can be read later.
- Whether the file makes sense and who signed it is asked before it comes here.

Source: docs/spec/59-proxy-in-a-vault.md section 3.
"""

from dataclasses import dataclass

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.model.encoding import Plain
from sealhold.model.errors import NotFoundError, OutOfOrderError
from sealhold.model.quantities import Instant
from sealhold.protect.policy import Policy
from sealhold.vault.core import Core
from sealhold.vault.proxyrows import Kept, ProxyRows, Thing
from sealhold.vault.telling import Teller
from sealhold.vault.writer import Work

_HASH = "sha256:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Activated:
    """One version of a policy that is, or was, in force."""

    name: str
    version: int
    digest: str  # sha256:HEX
    at: Instant
    text: bytes  # as it was read and signed
    envelope: bytes


class Policies:
    """The activated policies of one vault."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._rows = ProxyRows(core)

    def names(self) -> tuple[str, ...]:
        """Return the names of all policies that were activated, sorted."""
        return tuple(sorted({str(kept.paper["name"]) for kept in self._rows.all(Thing.POLICY)}))

    def history(self, name: str) -> tuple[Activated, ...]:
        """Return each version of a policy, the newest first.

        Raises:
            SealBrokenError: a row is not what was written.
        """
        found = [_activated(kept) for kept in self._rows.all(Thing.POLICY, name)]
        return tuple(sorted(found, key=lambda each: each.version, reverse=True))

    def active(self, name: str = "") -> Activated:
        """Return the version in force: of the policy of that name, or of the only one.

        Raises:
            NotFoundError: there is none, or there are several and none is named.
        """
        names = self.names()
        if not name and len(names) > 1:
            raise NotFoundError(f"several policies are in force: {', '.join(names)}")
        if not names or (name and name not in names):
            raise NotFoundError(f"no policy `{name}` is in force" if name else "no policy")
        return self.history(name or names[0])[0]

    def check_follows(self, policy: Policy) -> None:
        """Refuse a version that does not follow the one in force.

        Raises:
            OutOfOrderError: it is not above it, or does not name it as the one before.
        """
        before = next(iter(self.history(policy.name)), None)
        if before is None:
            return
        # THREAT T687: an older policy, which protected less, does not come back
        if policy.version <= before.version:
            raise OutOfOrderError(f"version {before.version} of `{policy.name}` is in force")
        if policy.previous != before.digest:
            raise OutOfOrderError(f"version {policy.version} does not follow `{before.digest}`")

    def activate(self, policy: Policy, text: bytes, envelope: bytes) -> Activated:
        """Put a policy that was checked in force.

        Raises:
            OutOfOrderError: it does not follow the one in force.
            ConflictError: another one came in force in this very moment.
            AuditUnavailableError: the log cannot be written.
        """
        self.check_follows(policy)
        paper: dict[str, Plain] = {
            "name": policy.name,
            "digest": policy.digest,
            "at": self._core.clock(),
            "text": text,
            "envelope": envelope,
        }
        before = next(iter(self._rows.all(Thing.POLICY, policy.name)), None)
        put = self._rows.put(Thing.POLICY, policy.name, paper, policy.version)
        teller = Teller(self._core.keys)
        event = Event(
            kind=EventKind.PROXY,
            actor=Actor.OWNER,
            subject=teller.subject,
            digest=bytes.fromhex(policy.digest.removeprefix(_HASH)),
            reason="a policy was put in force",
        )
        on = () if before is None else (before.guard,)
        self._core.writer.commit(Work((put,), (teller.entry(event),), releases=True, on=on))
        return self.active(policy.name)


def _activated(kept: Kept) -> Activated:
    paper = kept.paper
    return Activated(
        name=str(paper["name"]),
        version=kept.version,
        digest=str(paper["digest"]),
        at=Instant(int(paper["at"])),
        text=bytes(paper["text"]),
        envelope=bytes(paper["envelope"]),
    )
