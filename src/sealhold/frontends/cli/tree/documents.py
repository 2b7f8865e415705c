"""The commands about documents.

Source: docs/spec/20-faces.md section 8, docs/spec/48-documents.md.
"""
# ruff: noqa: PLC0415  reason: a command is imported when it is chosen

from collections.abc import Mapping

from sealhold.frontends.cli.lazy import Entry, Function, Group


def _create() -> Function:
    from sealhold.frontends.cli.document_create import document_create

    return document_create


def _list() -> Function:
    from sealhold.frontends.cli.document_list import document_list

    return document_list


def _show() -> Function:
    from sealhold.frontends.cli.document_show import document_show

    return document_show


def _edit() -> Function:
    from sealhold.frontends.cli.document_edit import document_edit

    return document_edit


def _history() -> Function:
    from sealhold.frontends.cli.document_history import document_history

    return document_history


def _restore() -> Function:
    from sealhold.frontends.cli.document_restore import document_restore

    return document_restore


def _redact() -> Function:
    from sealhold.frontends.cli.document_redact import document_redact

    return document_redact


def _remove() -> Function:
    from sealhold.frontends.cli.document_remove import document_remove

    return document_remove


def _decide() -> Function:
    from sealhold.frontends.cli.document_decide import document_decide

    return document_decide


DOCUMENT: Mapping[str, Entry | Group] = {
    "create": Entry(
        about="Begin a document that all your devices can edit, at once and offline.",
        example="document create plan",
        load=_create,
    ),
    "list": Entry(
        about="List your documents, when each was changed last and by which device.",
        example="document list",
        load=_list,
    ),
    "show": Entry(
        about="Show a document: its text, then its fields and items; now or as it was.",
        example="document show plan --authors",
        load=_show,
    ),
    "edit": Entry(
        about="Edit a document: in your editor, or by what the options say; only what changed is"
        " written.",
        example="document edit plan --append 'Call the dentist.' --set state=open",
        load=_edit,
    ),
    "history": Entry(
        about="List the versions of a document: when, by which device, and how much changed.",
        example="document history plan",
        load=_history,
    ),
    "restore": Entry(
        about="Have a document say again what it said then; what was written since stays in its"
        " past.",
        example="document restore plan 0",
        load=_restore,
    ),
    "redact": Entry(
        about="Erase words from a document and from its whole past, on all your devices.",
        example="document redact plan 4711 --dry-run",
        load=_redact,
    ),
    "remove": Entry(
        about="Take a document out of the lists of all your devices.",
        example="document remove plan",
        load=_remove,
    ),
    "decide": Entry(
        about="List edits that a removed device made too late, and take them or leave them.",
        example="document decide plan",
        load=_decide,
    ),
}
