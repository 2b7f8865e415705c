"""How the commands of logins show one, and what it lets somebody do."""

from sealhold.frontends.cli.out import Facts, safe
from sealhold.model.ids import canonical
from sealhold.model.logins import LoginRole, LoginView

MAY = {
    LoginRole.OWNER: (
        "While the vault is unlocked they see all that its pages show, refuse, stop, import, lock.",
        "They do not unlock it, and what takes the passphrase takes it as before.",
    ),
    LoginRole.OFFICER: (
        "While the vault is unlocked a sign-in gives them an officer's token for 12 hours.",
        "Each one ends the one before.",
    ),
}
TRUST = "Whoever runs the provider, or takes it over, can sign in as them."


def may(view: LoginView) -> tuple[str, ...]:
    """Return what a login lets somebody do, and whom it trusts."""
    return (*MAY[view.role], TRUST)


def login_facts(view: LoginView) -> Facts:
    """Return who enters as whom."""
    who = "the owner" if view.officer is None else f"officer {canonical(view.officer)}"
    return Facts(
        [
            ("Provider", f"{safe(view.provider)}, {safe(view.issuer)}"),
            ("Account", safe(view.sub)),
            ("Known there as", safe(view.client)),
            ("Enters as", who),
        ]
    )
