"""The commands about protection policies: judged, explained, signed.

Source: docs/spec/20-faces.md section 8, docs/spec/16-protection-policy.md.
"""
# ruff: noqa: PLC0415  reason: a command is imported when it is chosen

from collections.abc import Mapping

from sealhold.frontends.cli.lazy import Entry, Function, Group


def _init() -> Function:
    from sealhold.frontends.cli.proxy_init import proxy_init

    return proxy_init


def _check() -> Function:
    from sealhold.frontends.cli.proxy_check import proxy_check

    return proxy_check


def _explain() -> Function:
    from sealhold.frontends.cli.proxy_explain import proxy_explain

    return proxy_explain


def _sign() -> Function:
    from sealhold.frontends.cli.proxy_sign import proxy_sign

    return proxy_sign


PROXY_POLICY: Mapping[str, Entry | Group] = {
    "init": Entry(
        about="Propose a protection policy for a live database, from its catalogue alone.",
        example="proxy init postgresql://landlord@db.example.org/clinic --out clinic.policy.toml",
        load=_init,
    ),
    "check": Entry(
        about="Tell each fault of a protection policy, with its key and line.",
        example="proxy check examples/proxy/clinic.policy.toml",
        load=_check,
    ),
    "explain": Entry(
        about="Tell what lies at the provider under a policy, and what the provider learns.",
        example=(
            "proxy explain examples/proxy/clinic.policy.toml"
            " --sql 'SELECT name FROM patient WHERE email = $1'"
        ),
        load=_explain,
    ),
    "sign": Entry(
        about="Sign a protection policy, so that the proxy serves by it.",
        example="proxy sign examples/proxy/clinic.policy.toml",
        load=_sign,
    ),
}
