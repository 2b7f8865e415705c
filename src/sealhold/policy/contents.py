"""Whether a record's content is of the types that its collection asks for: plain values alone.

- A collection without types takes any JSON object. One with types takes no member beside them.
- A refusal names the member, never its value.

Source: docs/spec/25-records-of-people.md section 4.
"""

from collections.abc import Mapping

from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidError
from sealhold.model.ids import FieldName
from sealhold.model.personrecords import Content, FieldKind, FieldType


def check_types(types: Mapping[FieldName, FieldType], content: Content) -> None:
    """Let content pass that a collection takes.

    Raises:
        InvalidError: a member is missing, of another type, or not one of the collection's.
    """
    if not types:
        return
    if not content.keys() <= types.keys():
        raise InvalidError("the content has a member that the collection does not know")
    for name, asked in types.items():
        if name not in content:
            if asked.required:
                raise InvalidError(f"`{name}` is required")
        elif not _is(asked.kind, content[name]):
            raise InvalidError(f"`{name}` is not of the type `{asked.kind.value}`")


def _is(kind: FieldKind, value: Plain) -> bool:
    match kind:
        case FieldKind.TEXT:
            return isinstance(value, str)
        case FieldKind.NUMBER:
            return isinstance(value, int | float) and not isinstance(value, bool)
        case FieldKind.TRUTH:
            return isinstance(value, bool)
        case FieldKind.LIST:
            return isinstance(value, list)
        case FieldKind.OBJECT:
            return isinstance(value, dict)
