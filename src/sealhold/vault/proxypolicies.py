"""The policies that were put in force, one version after the other, and the one that holds.

- A version is above the one before and names its digest, so none is left out or put back. The rows
  are under the set hash: an older copy of the database shows when the vault is opened.
- Kept are the exact bytes and the envelope: what was in force at a time can be read later.
- The signature, the file itself and what it shows more of than before are judged before.

Source: docs/spec/59-proxy-in-a-vault.md section 3.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.model.encoding import Plain
from sealhold.model.errors import NotFoundError
from sealhold.model.quantities import Instant
from sealhold.protect.findings import Finding, refuse
from sealhold.protect.migrating.standing import Form, Standing, changed, keys_of
from sealhold.protect.policy import Policy
from sealhold.protect.policycheck import check
from sealhold.protect.policyfile import load, read
from sealhold.protect.policysign import Accepted, open_policy
from sealhold.stores.spec import Guard, Op
from sealhold.vault.core import Core
from sealhold.vault.proxyforms import ProxyForms
from sealhold.vault.proxyrows import Kept, ProxyRows, Thing
from sealhold.vault.telling import Teller
from sealhold.vault.writer import Work

_HASH: Final = "sha256:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Activated:
    """One version of a policy that is, or was, in force."""

    name: str
    version: int
    digest: str  # sha256:HEX
    at: Instant
    text: bytes  # as it was read and signed
    envelope: bytes
    guard: Guard = field(repr=False)  # fails a commit if the row is another by then


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

    def activate(
        self, data: bytes, envelope: bytes | None, publics: Collection[bytes], *, weaker: bool
    ) -> tuple[Activated, tuple[Finding, ...]]:
        """Put a policy in force, and return it with what is doubtful; in force already, it stays.

        Args:
            data: the bytes of its file.
            envelope: what lies beside the file, or None if nothing does.
            publics: Ed25519 keys of 32 bytes of which one must have signed.
            weaker: what protects less than the version before is meant so.

        Raises:
            PolicyRefusedError: not signed, changed since, or no version after the one in force.
            BadSignatureError: none of `publics` signed it.
            InvalidPolicyError: it has an error, or protects less and that is not meant so.
            ConflictError: another one came in force in this very moment.
            AuditUnavailableError: the log cannot be written.
        """
        policy = open_policy(data, envelope, publics, None)
        before = next(iter(self.history(policy.name)), None)
        if before is None:
            findings = check(read(data))
        else:
            # THREAT T687: an older policy, or one that protects less, does not come in quietly
            last = Accepted(name=before.name, version=before.version, digest=before.digest)
            open_policy(data, envelope, publics, last)
            if before.digest == policy.digest:
                return before, check(read(data))
            findings = check(read(data), load(before.text), accept_weaker=weaker)
        refuse(findings)
        self._put(policy, data, envelope or b"", before)
        return self.active(policy.name), findings

    def _put(self, policy: Policy, data: bytes, envelope: bytes, before: Activated | None) -> None:
        paper: dict[str, Plain] = {
            "name": policy.name,
            "digest": policy.digest,
            "at": self._core.clock(),
            "text": data,
            "envelope": envelope,
        }
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
        ops = (put, *self._pinned(policy, before))
        self._core.writer.commit(Work(ops, (teller.entry(event),), releases=True, on=on))

    def _pinned(self, policy: Policy, before: Activated | None) -> list[Op]:
        """Return what notes that tables lie as the version before said, until they are moved."""
        if before is None:
            return []
        forms = ProxyForms(self._core, policy.name)
        known, found = forms.all(), dict[tuple[str, str], Standing]()
        for table in changed(load(before.text), policy):
            key = table.schema, table.name
            if key not in known:
                versions = {each: forms.newest(each) for each in keys_of(table)}
                found[key] = Standing(Form(before.version, versions))
        return forms.ops(found)


def _activated(kept: Kept) -> Activated:
    paper = kept.paper
    return Activated(
        name=str(paper["name"]),
        version=kept.version,
        digest=str(paper["digest"]),
        at=Instant(int(paper["at"])),
        text=bytes(paper["text"]),
        envelope=bytes(paper["envelope"]),
        guard=kept.guard,
    )
