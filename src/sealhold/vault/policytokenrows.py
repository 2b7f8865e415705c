"""The rows of policy tokens, and what follows from those that are there.

- This is all that a vault without any loads of them.

Source: docs/spec/41-snapshots.md section 1.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sealhold.model.ids import ID_BYTES, GrantId, Id16
from sealhold.stores.spec import ColumnKind, TableSpec
from sealhold.vault.deciding import Deciding

POLICY_TOKENS = TableSpec(
    name="policytoken",
    columns={
        "id": ColumnKind.ID16,
        "state": ColumnKind.CODE,  # standing | revoked
        "effect": ColumnKind.CODE,
        "counter": ColumnKind.I64,  # what stands on the medium, as far as it is known
        "until": ColumnKind.I64,  # milliseconds since 1970
        "paper": ColumnKind.SEALED,
    },
    key=("id",),
    indexes={},
)
BONDS = TableSpec(
    name="policybond",
    columns={"token": ColumnKind.ID16, "grant": ColumnKind.ID16},  # zeros: every grant
    key=("token", "grant"),
    indexes={},
)
DECIDING = (POLICY_TOKENS, BONDS)
EVERY = GrantId(Id16(bytes(ID_BYTES)))
NO_TOKENS: frozenset[Id16] = frozenset()


@dataclass(frozen=True, slots=True)
class Bonds:
    """Which tokens are there, and which grants hang on which."""

    present: frozenset[Id16] = NO_TOKENS
    bound: Mapping[GrantId, frozenset[Id16]] = field(default_factory=dict)
    muted: Mapping[GrantId, frozenset[Id16]] = field(default_factory=dict)
    carried: Mapping[Id16, frozenset[Id16]] = field(default_factory=dict)  # rules, by tokens

    def bound_to(self, grant: GrantId) -> frozenset[Id16]:
        """Return the tokens of which one must be there, none if it needs none."""
        return self.bound.get(grant, NO_TOKENS)

    def muted_by(self, grant: GrantId) -> frozenset[Id16]:
        """Return the tokens of which none may be there."""
        return self.muted.get(grant, NO_TOKENS) | self.muted.get(EVERY, NO_TOKENS)

    def carries(self, rule: Id16) -> bool:
        """Return whether a rule holds as things are: on no token, or on one that is there."""
        return rule not in self.carried or bool(self.carried[rule] & self.present)

    def refuses(self, grant: GrantId) -> bool:
        """Return whether a grant permits nothing as things are."""
        bound = self.bound_to(grant)
        return bool((bound and not bound & self.present) or self.muted_by(grant) & self.present)


NO_BONDS = Bonds()


def has_tokens(deciding: Deciding) -> bool:
    """Return whether there ever was a policy token."""
    return next(deciding.all(POLICY_TOKENS.name), None) is not None
