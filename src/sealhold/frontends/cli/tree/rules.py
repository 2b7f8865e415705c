"""The commands of what apps may keep of their people: schemas of profiles, and collections.

Source: docs/spec/20-faces.md section 8.
"""
# ruff: noqa: PLC0415  reason: a command is imported when it is chosen

from sealhold.frontends.cli.lazy import Entry, Function


def _schema_put() -> Function:
    from sealhold.frontends.cli.schema_put import schema_put

    return schema_put


def _schema_list() -> Function:
    from sealhold.frontends.cli.schema_list import schema_list

    return schema_list


def _schema_show() -> Function:
    from sealhold.frontends.cli.schema_show import schema_show

    return schema_show


def _collection_put() -> Function:
    from sealhold.frontends.cli.collection_put import collection_put

    return collection_put


def _collection_list() -> Function:
    from sealhold.frontends.cli.collection_list import collection_list

    return collection_list


def _collection_show() -> Function:
    from sealhold.frontends.cli.collection_show import collection_show

    return collection_show


SCHEMA = {
    "put": Entry(
        about="Lay down what an app may keep of its people.",
        example="schema put GreenCorp schema.json --dry-run",
        load=_schema_put,
    ),
    "list": Entry(
        about="List what apps may keep of their people, in numbers.",
        example="schema list",
        load=_schema_list,
    ),
    "show": Entry(
        about="Show what an app may keep of its people, field by field.",
        example="schema show GreenCorp",
        load=_schema_show,
    ),
}
COLLECTION = {
    "put": Entry(
        about="Lay down a collection of records that an app may keep of its people.",
        example="collection put GreenCorp notes notes.json",
        load=_collection_put,
    ),
    "list": Entry(
        about="List the collections of records that an app may keep of its people.",
        example="collection list GreenCorp",
        load=_collection_list,
    ),
    "show": Entry(
        about="Show one collection: what it holds, what for, and for how long.",
        example="collection show GreenCorp notes",
        load=_collection_show,
    ),
}
