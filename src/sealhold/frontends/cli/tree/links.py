"""The commands about links.

Source: docs/spec/20-faces.md section 8, docs/spec/53-link-shares.md.
"""
# ruff: noqa: PLC0415  reason: a command is imported when it is chosen

from collections.abc import Mapping

from sealhold.frontends.cli.lazy import Entry, Function


def _create() -> Function:
    from sealhold.frontends.cli.share_link_create import share_link_create

    return share_link_create


def _list() -> Function:
    from sealhold.frontends.cli.share_link_list import share_link_list

    return share_link_list


def _show() -> Function:
    from sealhold.frontends.cli.share_link_show import share_link_show

    return share_link_show


def _revoke() -> Function:
    from sealhold.frontends.cli.share_link_revoke import share_link_revoke

    return share_link_revoke


def _open() -> Function:
    from sealhold.frontends.cli.share_link_open import share_link_open

    return share_link_open


LINK: Mapping[str, Entry] = {
    "create": Entry(
        about="Make a link by which somebody without a vault opens a copy of one object.",
        example="share link create mail.mbox --until 7d --at https://relay.example --dry-run",
        load=_create,
    ),
    "list": Entry(
        about="List the links that you made, and how often each was opened.",
        example="share link list",
        load=_list,
    ),
    "show": Entry(
        about="Show one link: until when it opens, and when it was opened.",
        example="share link show 0123456789ab",
        load=_show,
    ),
    "revoke": Entry(
        about="Take a link back: it opens no more, and what lies at its host is deleted.",
        example="share link revoke 0123456789ab",
        load=_revoke,
    ),
    "open": Entry(
        about="Open somebody's link without the page of its host, and save what it shares.",
        example="share link open 'https://relay.example/s/ID#KEY' --to Downloads",
        load=_open,
    ),
}
