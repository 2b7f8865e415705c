"""What the owner does about proxies: users, policies, secrets of providers, keys of datasets.

- Nothing is decided here: the vault's parts are asked, and what they say is shown.
- A policy brings the keys of its datasets with it.

Source: docs/spec/59-proxy-in-a-vault.md sections 1, 3 and 6.
"""

from base64 import b32encode
from collections.abc import Collection, Sequence
from typing import Final

from sealhold.model.errors import InvalidError
from sealhold.model.shown.proxies import (
    ProxyActivation,
    ProxyDatasetView,
    ProxyPolicyView,
    ProxyRoleView,
    ProxyStatus,
    ProxyUserView,
    ProxyWarning,
)
from sealhold.node.node import Node
from sealhold.node.proxyalarming import SHOWN, alarm_view, held_view
from sealhold.protect.policy import Policy
from sealhold.protect.policyfile import load
from sealhold.vault.proxyalarms import ProxyAlarms
from sealhold.vault.proxykeys import ProxyKeys
from sealhold.vault.proxypolicies import Activated, Policies
from sealhold.vault.proxysecrets import ProxySecrets
from sealhold.vault.proxyusers import Right, User, Users

RIGHTS: Final = tuple(right.value for right in Right)
IN_VAULT: Final = "vault:"
_GENERATED: Final = 20  # bytes: 32 characters


class ProxyWork:
    """The owner's side of the proxies of an open vault. For one thread."""

    def __init__(self, node: Node) -> None:
        self._core = node.parts.core
        self._users = Users(self._core)
        self._policies = Policies(self._core)
        self._secrets = ProxySecrets(self._core)
        self._keys = ProxyKeys(self._core)

    def new_password(self) -> str:
        """Return a password that nobody guesses: 32 letters and digits."""
        return b32encode(self._core.entropy(_GENERATED)).decode().lower()

    def add_user(
        self,
        name: str,
        password: str,
        rights: Collection[str],
        tables: Collection[str],
        *,
        is_decoy: bool = False,
    ) -> ProxyUserView:
        """Let somebody log in at the proxies of this vault, or lay a decoy that lets nobody in.

        Raises:
            InvalidError: a name or right that cannot be.
            WeakPassphraseError: a password that is too short.
            TakenError: there is a user of that name.
            AuditUnavailableError: the log cannot be written.
        """
        # THREAT T686: what is kept of a password is its verifier
        unknown = set(rights) - set(RIGHTS)
        if unknown:
            raise InvalidError(f"no right `{min(unknown)}`: there are {', '.join(RIGHTS)}")
        self._users.add(
            name, password, frozenset(map(Right, rights)), frozenset(tables), is_decoy=is_decoy
        )
        return next(user for user in self.users() if user.name == name)

    def users(self) -> tuple[ProxyUserView, ...]:
        """Return who may log in, by name."""
        policies = [load(self._policies.active(name).text) for name in self._policies.names()]
        return tuple(_shown(user, policies) for user in self._users.list())

    def remove_user(self, name: str) -> None:
        """Let somebody log in no more.

        Raises:
            NotFoundError: there is no such user.
            AuditUnavailableError: the log cannot be written.
        """
        self._users.remove(name)

    def set_secret(self, name: str, secret: str) -> None:
        """Keep the password of a provider, in the place of what had that name.

        Raises:
            InvalidError: an empty name or password.
            AuditUnavailableError: the log cannot be written.
        """
        self._secrets.set(name, secret)

    def remove_secret(self, name: str) -> None:
        """Forget the password of a provider.

        Raises:
            NotFoundError: there is none of that name.
            AuditUnavailableError: the log cannot be written.
        """
        self._secrets.remove(name)

    def activate(
        self, data: bytes, envelope: bytes | None, *, accept_weaker: bool
    ) -> ProxyActivation:
        """Put a signed policy in force, with the keys of its datasets.

        Raises:
            PolicyRefusedError: not signed, changed since, or no version after the one in force.
            BadSignatureError: another key than this vault's signed it.
            InvalidPolicyError: it has an error, or protects less and that is not meant so.
            TakenError: the key of one of its datasets was destroyed.
            AuditUnavailableError: the log cannot be written.
        """
        before = {self._policies.active(name).digest for name in self._policies.names()}
        publics = (self._keys.signer().public,)
        found, findings = self._policies.activate(data, envelope, publics, weaker=accept_weaker)
        policy = load(found.text)
        self._keys.add(policy.keyed)
        return ProxyActivation(
            policy=_policy_view(found),
            warnings=tuple(
                ProxyWarning(line=each.line, key=each.key, message=each.message, remedy=each.remedy)
                for each in findings
            ),
            is_new=found.digest not in before,
        )

    def destroy(self, dataset: str) -> None:
        """Destroy the key of a dataset: nothing of it opens any more, at whichever provider.

        Raises:
            NotFoundError: it has none.
            AuditUnavailableError: the log cannot be written; nothing was destroyed.
            StoreUnavailableError: the disk refuses; the key goes at the next use.
        """
        self._keys.destroy(dataset)

    def status(self) -> ProxyStatus:
        """Return how the proxies are set up."""
        active = [self._policies.active(name) for name in self._policies.names()]
        policies = [load(each.text) for each in active]
        datasets = sorted({table.dataset for policy in policies for table in policy.tables})
        secrets = self._secrets.names()
        wanted = {
            csp.secret.removeprefix(IN_VAULT)
            for policy in policies
            for csp in policy.csps
            if csp.secret.startswith(IN_VAULT)
        }
        return ProxyStatus(
            policies=tuple(map(_policy_view, active)),
            datasets=tuple(
                ProxyDatasetView(name=name, has_key=self._keys.has(name)) for name in datasets
            ),
            users=self.users(),
            secrets=secrets,
            missing=tuple(sorted(wanted - set(secrets))),
            held=tuple(
                held_view(each.name, held)
                for each in active
                for held in ProxyAlarms(self._core, each.name).held()
            ),
            alarms=tuple(
                alarm_view(each.name, told)
                for each in active
                for told in ProxyAlarms(self._core, each.name).recent(SHOWN)
            ),
        )


def _shown(user: User, policies: Sequence[Policy]) -> ProxyUserView:
    roles = [
        ProxyRoleView(policy=policy.name, role=role.name, masks=len(role.masks))
        for policy in policies
        if (role := policy.role_of(user.name)) is not None
    ]
    return ProxyUserView(
        name=user.name,
        rights=tuple(sorted(user.rights)),
        tables=tuple(sorted(user.tables)),
        roles=tuple(roles),
        is_decoy=user.is_decoy,
    )


def _policy_view(found: Activated) -> ProxyPolicyView:
    policy = load(found.text)
    columns = [column for table in policy.tables for column in table.columns]
    return ProxyPolicyView(
        name=found.name,
        version=found.version,
        digest=found.digest,
        at=found.at,
        tables=len(policy.tables),
        protected=sum(not column.is_clear for column in columns),
        providers=tuple(f"{csp.id}: {csp.url}" for csp in policy.csps),
    )
