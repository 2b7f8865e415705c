"""The commands about one's devices.

Source: docs/spec/20-faces.md section 8, docs/spec/11-exchange-and-op-log.md.
"""
# ruff: noqa: PLC0415  reason: a command is imported when it is chosen

from collections.abc import Mapping

from sealhold.frontends.cli.lazy import Entry, Function, Group


def _begin() -> Function:
    from sealhold.frontends.cli.device_begin import device_begin

    return device_begin


def _pair() -> Function:
    from sealhold.frontends.cli.device_pair import device_pair

    return device_pair


def _join() -> Function:
    from sealhold.frontends.cli.device_join import device_join

    return device_join


def _list() -> Function:
    from sealhold.frontends.cli.device_list import device_list

    return device_list


def _rename() -> Function:
    from sealhold.frontends.cli.device_rename import device_rename

    return device_rename


def _revoke() -> Function:
    from sealhold.frontends.cli.device_revoke import device_revoke

    return device_revoke


def _sync() -> Function:
    from sealhold.frontends.cli.device_sync import device_sync

    return device_sync


def _resolve() -> Function:
    from sealhold.frontends.cli.device_resolve import device_resolve

    return device_resolve


def _keep() -> Function:
    from sealhold.frontends.cli.device_keep import device_keep

    return device_keep


def _leave() -> Function:
    from sealhold.frontends.cli.device_keep import device_leave

    return device_leave


def _place_add() -> Function:
    from sealhold.frontends.cli.device_place import device_place_add

    return device_place_add


def _place_remove() -> Function:
    from sealhold.frontends.cli.device_place import device_place_remove

    return device_place_remove


def _lan_on() -> Function:
    from sealhold.frontends.cli.device_lan import device_lan_on

    return device_lan_on


def _lan_off() -> Function:
    from sealhold.frontends.cli.device_lan import device_lan_off

    return device_lan_off


def _lan_status() -> Function:
    from sealhold.frontends.cli.device_lan import device_lan_status

    return device_lan_status


LAN = {
    "on": Entry(
        about="Sync straight with your devices of one network, beside any place.",
        example="device lan on",
        load=_lan_on,
    ),
    "off": Entry(
        about="Listen in no network, and look for nobody there; what is kept for the others stays.",
        example="device lan off",
        load=_lan_off,
    ),
    "status": Entry(
        about="Tell whether your devices meet in the home network, and which are there now.",
        example="device lan status",
        load=_lan_status,
    ),
}
PLACE = {
    "add": Entry(
        about="Sync through a place from now on: a stick, a bucket, a relay.",
        example="device place add folder:stick",
        load=_place_add,
    ),
    "remove": Entry(
        about="Sync through a place no more; what lies there stays, sealed.",
        example="device place remove folder:stick",
        load=_place_remove,
    ),
}
DEVICE: Mapping[str, Entry | Group] = {
    "begin": Entry(
        about="Make this vault the first of your devices.",
        example="device begin laptop",
        load=_begin,
    ),
    "pair": Entry(
        about="Take another device in: show it a code, compare six words, and it is one of yours.",
        example="device pair --role full",
        load=_pair,
    ),
    "join": Entry(
        about="Become one of somebody's devices: yours, by what another of them shows.",
        example="device join 417203-982114 --name phone --place folder:stick",
        load=_join,
    ),
    "list": Entry(
        about="List your devices, what they sync, and the places that they sync through.",
        example="device list",
        load=_list,
    ),
    "rename": Entry(
        about="Call one of your devices otherwise; the others hear of it.",
        example="device rename laptop desk",
        load=_rename,
    ),
    "revoke": Entry(
        about="Lock a device out for good: nothing that is written from now on opens there.",
        example="device revoke phone --dry-run",
        load=_revoke,
    ),
    "sync": Entry(
        about="Sync with your other devices: folders, exchanges, and what is wrong.",
        example="device sync",
        load=_sync,
    ),
    "resolve": Entry(
        about="Show this version of a file everywhere; the others stay behind it.",
        example="device resolve 0123456789ab",
        load=_resolve,
    ),
    "keep": Entry(
        about="Keep a folder equal on your devices, from the next sync on.",
        example="device keep notes",
        load=_keep,
    ),
    "leave": Entry(
        about="Keep a folder equal no more; its files stay where they are, here and elsewhere.",
        example="device leave notes",
        load=_leave,
    ),
    "lan": Group(about="Your devices in one network, without a place between.", entries=LAN),
    "place": Group(about="Where devices leave sealed bytes for each other.", entries=PLACE),
}
