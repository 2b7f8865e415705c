"""The commands of processings: looked at, let run, ended.

Source: docs/spec/20-faces.md section 8.
"""
# ruff: noqa: PLC0415  reason: a command is imported when it is chosen

from sealhold.frontends.cli.lazy import Entry, Function


def _list() -> Function:
    from sealhold.frontends.cli.processing_list import processing_list

    return processing_list


def _show() -> Function:
    from sealhold.frontends.cli.processing_show import processing_show

    return processing_show


def _activate() -> Function:
    from sealhold.frontends.cli.processing_steer import processing_activate

    return processing_activate


def _retire() -> Function:
    from sealhold.frontends.cli.processing_steer import processing_retire

    return processing_retire


PROCESSING = {
    "list": Entry(
        about="List what apps do with their people's data.",
        example="processing list",
        load=_list,
    ),
    "show": Entry(
        about="Show one processing: what a person agrees to.",
        example="processing show p-0123456789ab",
        load=_show,
    ),
    "activate": Entry(
        about="Let a processing be run on whoever permits it.",
        example="processing activate p-0123456789ab",
        load=_activate,
    ),
    "retire": Entry(
        about="End a processing for good.",
        example="processing retire p-0123456789ab",
        load=_retire,
    ),
}
