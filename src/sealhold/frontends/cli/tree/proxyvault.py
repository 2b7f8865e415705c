"""The commands of a vault's proxy before rented databases: users, secrets, policies, serving.

Source: docs/spec/20-faces.md section 8, docs/spec/59-proxy-in-a-vault.md section 6.
"""
# ruff: noqa: PLC0415  reason: a command is imported when it is chosen

from collections.abc import Mapping

from sealhold.frontends.cli.lazy import Entry, Function, Group


def _user_add() -> Function:
    from sealhold.frontends.cli.proxy_user_add import proxy_user_add

    return proxy_user_add


def _user_list() -> Function:
    from sealhold.frontends.cli.proxy_user_list import proxy_user_list

    return proxy_user_list


def _user_remove() -> Function:
    from sealhold.frontends.cli.proxy_user_remove import proxy_user_remove

    return proxy_user_remove


def _secret_set() -> Function:
    from sealhold.frontends.cli.proxy_secret_set import proxy_secret_set

    return proxy_secret_set


def _secret_remove() -> Function:
    from sealhold.frontends.cli.proxy_secret_remove import proxy_secret_remove

    return proxy_secret_remove


def _activate() -> Function:
    from sealhold.frontends.cli.proxy_activate import proxy_activate

    return proxy_activate


def _status() -> Function:
    from sealhold.frontends.cli.proxy_status import proxy_status

    return proxy_status


def _alarms() -> Function:
    from sealhold.frontends.cli.proxy_alarms import proxy_alarms

    return proxy_alarms


def _release() -> Function:
    from sealhold.frontends.cli.proxy_release import proxy_release

    return proxy_release


def _fold() -> Function:
    from sealhold.frontends.cli.proxy_fold import proxy_fold

    return proxy_fold


def _agent() -> Function:
    from sealhold.frontends.cli.proxy_agent import proxy_agent

    return proxy_agent


def _destroy() -> Function:
    from sealhold.frontends.cli.proxy_destroy import proxy_destroy

    return proxy_destroy


def _serve() -> Function:
    from sealhold.frontends.cli.proxy_serve import proxy_serve

    return proxy_serve


def _migrate() -> Function:
    from sealhold.frontends.cli.proxy_migrate import proxy_migrate

    return proxy_migrate


def _audit() -> Function:
    from sealhold.frontends.cli.proxy_audit import proxy_audit

    return proxy_audit


def _rotate() -> Function:
    from sealhold.frontends.cli.proxy_rotate import proxy_rotate

    return proxy_rotate


USER = {
    "add": Entry(
        about="Let somebody log in at the proxy before a rented database.",
        example="proxy user add anna --may read --generate",
        load=_user_add,
    ),
    "list": Entry(
        about="List who may log in at the proxy, and what they may do there.",
        example="proxy user list",
        load=_user_list,
    ),
    "remove": Entry(
        about="Let somebody log in at the proxy no more.",
        example="proxy user remove anna",
        load=_user_remove,
    ),
}
SECRET = {
    "set": Entry(
        about="Keep the password by which the proxy logs in at a provider.",
        example="proxy secret set clinic",
        load=_secret_set,
    ),
    "remove": Entry(
        about="Forget the password by which the proxy logs in at a provider.",
        example="proxy secret remove clinic",
        load=_secret_remove,
    ),
}
PROXY_VAULT: Mapping[str, Entry | Group] = {
    "activate": Entry(
        about="Put a signed policy in force: what the proxy hides from a provider, and how.",
        example="proxy activate examples/proxy/clinic.policy.toml",
        load=_activate,
    ),
    "user": Group(about="Who may log in at the proxy.", entries=USER),
    "secret": Group(about="By which passwords the proxy logs in at providers.", entries=SECRET),
    "status": Entry(
        about="Show the policies in force, their datasets, who may log in, and what was found.",
        example="proxy status",
        load=_status,
    ),
    "serve": Entry(
        about="Stand between applications and a rented database, until Ctrl-C.",
        example="proxy serve --listen 127.0.0.1:6543",
        load=_serve,
    ),
    "migrate": Entry(
        about="Protect a table that is in use at a provider, or take its protection back.",
        example="proxy migrate patient --preview",
        load=_migrate,
    ),
    "audit": Entry(
        about="Compare the rows at a provider with what the proxy knows of them.",
        example="proxy audit --table patient",
        load=_audit,
    ),
    "alarms": Entry(
        about="List what a proxy found, why, and what undoes what followed.",
        example="proxy alarms clinic",
        load=_alarms,
    ),
    "release": Entry(
        about="Let go of a table, user or provider that a proxy holds back.",
        example="proxy release clinic --table patient",
        load=_release,
    ),
    "fold": Entry(
        about="Put values into blocks at an agent, which adds them up and cannot read them.",
        example="proxy fold stay",
        load=_fold,
    ),
    "agent": Entry(
        about="Add up for a proxy what cannot be read here, until Ctrl-C.",
        example="proxy agent sums/ --port 8724",
        load=_agent,
    ),
    "rotate": Entry(
        about="Draw the keys of a protected column anew, and make its tables anew under them.",
        example="proxy rotate --column patient.email --dry-run",
        load=_rotate,
    ),
    "destroy": Entry(
        about="Destroy the key of a dataset: nothing of it is readable any more, at any provider.",
        example="proxy destroy clinic --yes",
        load=_destroy,
    ),
}
