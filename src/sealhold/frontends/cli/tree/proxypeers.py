"""The commands between proxies: query grants, and asking under one.

Source: docs/spec/20-faces.md section 8, docs/spec/67-proxy-to-proxy.md.
"""
# ruff: noqa: PLC0415  reason: a command is imported when it is chosen

from collections.abc import Mapping

from sealhold.frontends.cli.lazy import Entry, Function, Group


def _key() -> Function:
    from sealhold.frontends.cli.proxy_grant_key import proxy_grant_key

    return proxy_grant_key


def _make() -> Function:
    from sealhold.frontends.cli.proxy_grant_make import proxy_grant_make

    return proxy_grant_make


def _list() -> Function:
    from sealhold.frontends.cli.proxy_grant_list import proxy_grant_list

    return proxy_grant_list


def _show() -> Function:
    from sealhold.frontends.cli.proxy_grant_show import proxy_grant_show

    return proxy_grant_show


def _revoke() -> Function:
    from sealhold.frontends.cli.proxy_grant_revoke import proxy_grant_revoke

    return proxy_grant_revoke


def _ask() -> Function:
    from sealhold.frontends.cli.proxy_ask import proxy_ask

    return proxy_ask


GRANT = {
    "key": Entry(
        about="Show the key by which other proxies know this vault's.",
        example="proxy grant key",
        load=_key,
    ),
    "make": Entry(
        about="Let the proxy of another vault ask this one's: what, how much, and until when.",
        example=(
            "proxy grant make examples/proxy/visits.grant.toml --out visits.grant --to"
            " 3ccd241cffc9b3618044b97d036d8614593d8b017c340f1dee8773385517654b"
        ),
        load=_make,
    ),
    "list": Entry(
        about="List what the proxies of others may ask this vault's, and what they might once.",
        example="proxy grant list",
        load=_list,
    ),
    "show": Entry(
        about="Show what a query grant lets be asked, whose it is and for whom.",
        example="proxy grant show visits.grant",
        load=_show,
    ),
    "revoke": Entry(
        about="Take a query grant back: nothing more is answered under it.",
        example="proxy grant revoke 0123456789abcdef0123456789abcdef",
        load=_revoke,
    ),
}
PROXY_PEERS: Mapping[str, Entry | Group] = {
    "grant": Group(about="What the proxies of other vaults may ask this one's.", entries=GRANT),
    "ask": Entry(
        about="Ask the proxy of another vault, under a grant of its owner.",
        example=(
            "proxy ask --grant visits.grant --to clinic.example.org:6544"
            " --sql 'SELECT arrived, cost FROM visit WHERE cost > 500'"
        ),
        load=_ask,
    ),
}
