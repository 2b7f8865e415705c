"""The commands of sources: where data came from, and the places that it comes from.

Source: docs/spec/36-sources.md; docs/spec/20-faces.md section 8.
"""
# ruff: noqa: PLC0415  reason: a command is imported when it is chosen

from sealhold.frontends.cli.lazy import Entry, Function


def _list() -> Function:
    from sealhold.frontends.cli.source_list import source_list

    return source_list


def _kinds() -> Function:
    from sealhold.frontends.cli.source_kinds import source_kinds

    return source_kinds


def _add() -> Function:
    from sealhold.frontends.cli.source_add import source_add

    return source_add


def _show() -> Function:
    from sealhold.frontends.cli.source_show import source_show

    return source_show


def _run() -> Function:
    from sealhold.frontends.cli.source_run import source_run

    return source_run


def _set() -> Function:
    from sealhold.frontends.cli.source_set import source_set

    return source_set


def _login() -> Function:
    from sealhold.frontends.cli.source_login import source_login

    return source_login


def _token() -> Function:
    from sealhold.frontends.cli.source_token import source_token

    return source_token


def _pause() -> Function:
    from sealhold.frontends.cli.source_state import source_pause

    return source_pause


def _resume() -> Function:
    from sealhold.frontends.cli.source_state import source_resume

    return source_resume


def _accept() -> Function:
    from sealhold.frontends.cli.source_state import source_accept

    return source_accept


def _remove() -> Function:
    from sealhold.frontends.cli.source_state import source_remove

    return source_remove


def _why() -> Function:
    from sealhold.frontends.cli.source_why import source_why

    return source_why


def _withdraw() -> Function:
    from sealhold.frontends.cli.source_withdraw import source_withdraw

    return source_withdraw


SOURCE = {
    "list": Entry(
        about="List where your data came from, and each import.",
        example="source list --jobs",
        load=_list,
    ),
    "kinds": Entry(
        about="List the kinds of places that a source may be.",
        example="source kinds",
        load=_kinds,
    ),
    "add": Entry(
        about="Add a place that your data comes from again and again.",
        example="source add rides folder Downloads/tracks --preview",
        load=_add,
    ),
    "show": Entry(
        about="Show one source.",
        example="source show rides",
        load=_show,
    ),
    "run": Entry(
        about="Read a source now.",
        example="source run rides",
        load=_run,
    ),
    "set": Entry(
        about="Keep its items here or leave them in place; say when it is read.",
        example="source set rides --mode federate --preview",
        load=_set,
    ),
    "login": Entry(
        about="Give the password or token of a source's account anew.",
        example="source login rides",
        load=_login,
    ),
    "token": Entry(
        about="Make the token by which a program pushes into a source; the one before ends.",
        example="source token phone",
        load=_token,
    ),
    "pause": Entry(
        about="Stop reading a source for now.",
        example="source pause rides",
        load=_pause,
    ),
    "resume": Entry(
        about="Go on reading a source.",
        example="source resume rides",
        load=_resume,
    ),
    "accept": Entry(
        about="Take the shape that a source has now for the right one, and read it again.",
        example="source accept rides",
        load=_accept,
    ),
    "remove": Entry(
        about="Forget a source; items that were kept stay.",
        example="source remove rides --preview",
        load=_remove,
    ),
    "why": Entry(
        about="Tell where an item is from, or which items a connector made.",
        example="source why r-0123456789ab",
        load=_why,
    ),
    "withdraw": Entry(
        about="Take back all that one version of a connector brought.",
        example="source withdraw icalendar 1 --preview",
        load=_withdraw,
    ),
}
