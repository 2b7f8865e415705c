"""The owner's door to policy tokens: made on their proof, shown, revoked.

- What could widen takes the passphrase: making a token, and revoking one that narrows.

Source: docs/spec/41-snapshots.md section 1.
"""

from collections.abc import Sequence
from pathlib import Path

from sealhold.compute.office import Office
from sealhold.model.errors import ConflictError, InvalidGrantError, WrongPassphraseError
from sealhold.model.policytokens import PolicyTokenView
from sealhold.model.quantities import Instant
from sealhold.policy.policy_token import Effect
from sealhold.policy.standing import Effect as Ruling
from sealhold.vault.policytokens import PolicyTokens
from sealhold.vault.standingrules import StandingRules

_WIDENING = frozenset({Ruling.ALLOW, Ruling.SHOW})
_NARROWING = frozenset({Ruling.ASK, Ruling.DENY})


class PolicyTokenDoor:
    """What the owner does about tokens on media."""

    def __init__(self, office: Office, tokens: PolicyTokens) -> None:
        self._office = office
        self._tokens = tokens
        core = office.core
        self._rules = StandingRules(core.deciding, core.papers, core.keyring.signer("grant-sign"))

    def make(  # reason: where, what it does to which grants, how long, and the owner's proof
        self,
        folder: Path,
        grants: Sequence[str],
        until: Instant,
        passphrase: str,
        *,
        narrow: bool = False,
        rules: Sequence[str] = (),
    ) -> PolicyTokenView:
        """Sign a token onto the medium at `folder`; what widens binds its grants from now on.

        Raises:
            WrongPassphraseError: the owner is not proven.
            NotFoundError: no grant or rule of an id.
            ConflictError: a grant has ended before.
            InvalidGrantError: it is over before it begins, has no or too many grants, or carries
                a rule that does not fit what it does.
            UnavailableError: the medium is away, or takes no writing.
        """
        office = self._office
        if not office.verify(passphrase):
            raise WrongPassphraseError
        if until <= office.core.clock():
            raise InvalidGrantError("a policy token ends after it begins")
        rows = [office.grants.find(each) for each in grants]
        if any(row.ended_at is not None for row in rows):
            raise ConflictError("a grant has ended before")
        effect = Effect.NARROW if narrow else Effect.WIDEN
        carried = [self._rules.find(each).rule for each in rules]
        fitting = _NARROWING if narrow else _WIDENING
        # THREAT T424: who pulls it out may shut what it opens, or open what it shuts, as it says
        if any(rule.effect not in fitting for rule in carried):
            what = "ask or deny" if narrow else "allow or show"
            raise InvalidGrantError(f"this token carries rules that {what}, and no others")
        named = [row.grant.id for row in rows]
        return self._tokens.make(folder, effect, named, until, [rule.id for rule in carried])

    def all(self) -> tuple[PolicyTokenView, ...]:
        """Return every token, those that end last first."""
        return self._tokens.all()

    def find(self, id_text: str) -> PolicyTokenView:
        """Return one token.

        Raises:
            NotFoundError: there is none of that id.
        """
        return self._tokens.find(id_text)

    def revoke(self, id_text: str, passphrase: str = "") -> PolicyTokenView:
        """End a token wherever it is; grants that were bound to it stay bound.

        Raises:
            NotFoundError: there is none of that id.
            WrongPassphraseError: it narrows, and the owner is not proven.
            ConflictError: it was revoked before.
        """
        # THREAT T424: to end what narrows is to widen
        narrows = self.find(id_text).effect == Effect.NARROW
        if narrows and not self._office.verify(passphrase):
            raise WrongPassphraseError
        return self._tokens.revoke(id_text)
