"""The commands about shares with people on other vaults.

Source: docs/spec/20-faces.md section 8, docs/spec/52-share-spaces.md.
"""
# ruff: noqa: PLC0415  reason: a command is imported when it is chosen

from collections.abc import Mapping

from sealhold.frontends.cli.lazy import Entry, Function


def _create() -> Function:
    from sealhold.frontends.cli.share_create import share_create

    return share_create


def _change() -> Function:
    from sealhold.frontends.cli.share_change import share_change

    return share_change


def _export() -> Function:
    from sealhold.frontends.cli.share_odrl import share_export

    return share_export


def _list() -> Function:
    from sealhold.frontends.cli.share_list import share_list

    return share_list


def _show() -> Function:
    from sealhold.frontends.cli.share_list import share_show

    return share_show


def _receipts() -> Function:
    from sealhold.frontends.cli.share_list import share_receipts

    return share_receipts


def _revoke() -> Function:
    from sealhold.frontends.cli.share_list import share_revoke

    return share_revoke


def _people() -> Function:
    from sealhold.frontends.cli.share_people import share_people

    return share_people


def _received() -> Function:
    from sealhold.frontends.cli.share_received import share_received

    return share_received


def _accept() -> Function:
    from sealhold.frontends.cli.share_received import share_accept

    return share_accept


def _open() -> Function:
    from sealhold.frontends.cli.share_received import share_open

    return share_open


def _ask() -> Function:
    from sealhold.frontends.cli.share_ask import share_ask

    return share_ask


WITH_PEOPLE: Mapping[str, Entry] = {
    "create": Entry(
        about="Share files, folders or records with somebody on another vault.",
        example="share create album notes/trip --to Ben --for ServiceProvision --until 30d --yes",
        load=_create,
    ),
    "change": Entry(
        about="Change what a share says: its end, count, purposes, rows, or what is left out or"
        " coarser.",
        example="share change album --until 7d --yes",
        load=_change,
    ),
    "export": Entry(
        about="Write down what a share says, for other programs to read.",
        example="share export album --odrl",
        load=_export,
    ),
    "list": Entry(
        about="List what you share with people.",
        example="share list",
        load=_list,
    ),
    "show": Entry(
        about="Show a share: its rules, what makes each hold, and how it stands.",
        example="share show album",
        load=_show,
    ),
    "receipts": Entry(
        about="List the uses of a share, and what is signed of each.",
        example="share receipts album",
        load=_receipts,
    ),
    "revoke": Entry(
        about="Take a share back: nothing new is given from now on; the next sync tells them.",
        example="share revoke album",
        load=_revoke,
    ),
    "people": Entry(
        about="Let people into a share of documents, or let them go.",
        example="share people meeting --add Ben --may view",
        load=_people,
    ),
    "received": Entry(
        about="List what others share with you, or show one share with its rules and objects.",
        example="share received",
        load=_received,
    ),
    "accept": Entry(
        about="Take an invitation on: the places that it names are called from now on.",
        example="share accept album",
        load=_accept,
    ),
    "open": Entry(
        about="Open something that is shared with you; each use is told to its owner where that"
        " is agreed.",
        example="share open album 'trip/day one.txt' --out day-one.txt",
        load=_open,
    ),
    "ask": Entry(
        about="Ask the program of a share: it runs at its owner's, and its answer comes back.",
        example="share ask steps --selection 2026-01",
        load=_ask,
    ),
}
