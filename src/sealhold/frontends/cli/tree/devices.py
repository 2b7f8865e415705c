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


def _history() -> Function:
    from sealhold.frontends.cli.device_history import device_history

    return device_history


def _restore() -> Function:
    from sealhold.frontends.cli.device_restore import device_restore

    return device_restore


def _grants() -> Function:
    from sealhold.frontends.cli.device_grants import device_grants

    return device_grants


def _thin() -> Function:
    from sealhold.frontends.cli.device_thin import device_thin

    return device_thin


def _erase() -> Function:
    from sealhold.frontends.cli.device_erase import device_erase

    return device_erase


def _profile_show() -> Function:
    from sealhold.frontends.cli.device_profile import device_profile_show

    return device_profile_show


def _profile_set() -> Function:
    from sealhold.frontends.cli.device_profile import device_profile_set

    return device_profile_set


def _fetch() -> Function:
    from sealhold.frontends.cli.device_fetch import device_fetch

    return device_fetch


def _pin() -> Function:
    from sealhold.frontends.cli.device_fetch import device_pin

    return device_pin


def _unpin() -> Function:
    from sealhold.frontends.cli.device_fetch import device_unpin

    return device_unpin


PROFILE = {
    "show": Entry(
        about="Show what this device keeps of each collection: contents, pins, and what cannot go.",
        example="device profile show",
        load=_profile_show,
    ),
    "set": Entry(
        about="Say which contents this device keeps, from the next sync on; names it always has.",
        example="device profile set recent --days 30 --room 20GB",
        load=_profile_set,
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
    "grants": Entry(
        about="List what you allowed on your other devices, and end it from here.",
        example="device grants",
        load=_grants,
    ),
    "lan": Group(about="Your devices in one network, without a place between.", entries=LAN),
    "history": Entry(
        about="Show the versions of a file, or the files of a folder or a collection.",
        example="device history notes/a.txt",
        load=_history,
    ),
    "restore": Entry(
        about="Put a file, a folder or a collection back to how it stood at a time.",
        example="device restore notes --at 2026-11-21 --preview",
        load=_restore,
    ),
    "thin": Entry(
        about="Let go of old versions: all of 30 days stay, one a day for a year, one a month "
        "before that.",
        example="device thin --preview",
        load=_thin,
    ),
    "erase": Entry(
        about="Erase a file, or a folder with all in it, on all your devices: every version, and "
        "the name.",
        example="device erase notes/a.txt --dry-run",
        load=_erase,
    ),
    "fetch": Entry(
        about="Write a file or folder into the folder here, now; it stays a day, or as the profile "
        "says.",
        example="device fetch notes/a.txt",
        load=_fetch,
    ),
    "pin": Entry(
        about="Keep a file, or a folder with all in it, on this device whatever its profile says.",
        example="device pin notes/a.txt",
        load=_pin,
    ),
    "unpin": Entry(
        about="Keep a file or folder as the profile says: what was pinned or fetched may go again.",
        example="device unpin notes/a.txt",
        load=_unpin,
    ),
    "profile": Group(about="Which contents this device keeps.", entries=PROFILE),
    "place": Group(about="Where devices leave sealed bytes for each other.", entries=PLACE),
}
