"""The commands about snapshots of what a vault is set to.

Source: docs/spec/46-snapshots.md.
"""
# ruff: noqa: PLC0415  reason: a command is imported when it is chosen

from sealhold.frontends.cli.lazy import Entry, Function


def _list() -> Function:
    from sealhold.frontends.cli.snapshot_list import snapshot_list

    return snapshot_list


def _show() -> Function:
    from sealhold.frontends.cli.snapshot_show import snapshot_show

    return snapshot_show


def _diff() -> Function:
    from sealhold.frontends.cli.snapshot_diff import snapshot_diff

    return snapshot_diff


SNAPSHOT = {
    "list": Entry(
        about="List the snapshots of what your vault is set to, the newest first.",
        example="snapshot list",
        load=_list,
    ),
    "show": Entry(
        about="Show what a snapshot holds: each path, and the digest of what stood there.",
        example="snapshot show 1",
        load=_show,
    ),
    "diff": Entry(
        about="Tell what differs between two snapshots.",
        example="snapshot diff",
        load=_diff,
    ),
}
