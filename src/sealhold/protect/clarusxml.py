"""The XML of a CLARUS policy, read as plain values; what is not known in it is listed.

    schema/data/attribute     name="table/column", attribute_type, data_type, usages
    schema/protection         module; attribute_types/attribute_type with type and protection
    schema/protocol           plugin; parameter with param and value

- A document type, an entity or a reference to the outside is refused before anything is parsed.

Source: docs/spec/16-protection-policy.md section 6; the policies that CLARUS published.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Final
from xml.etree.ElementTree import Element

from sealhold.connectors.xmlsafe import children, local
from sealhold.model.errors import InvalidPolicyError, UnreadableSourceError

MAX_XML: Final = 1_048_576  # bytes; a policy of a thousand attributes has 100,000
MAX_ATTRIBUTES: Final = 10_000
_ROOTS: Final = frozenset({"schema", "policy"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmapped:
    """Something that is not brought over."""

    where: str  # `protection/attribute_type identifier`
    what: str
    is_protection: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One column, or one in each table."""

    name: str  # as it is written
    class_: str
    data_type: str
    usages: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How one class of attributes is protected by one module."""

    module: str
    class_: str
    protection: str
    details: Mapping[str, str]


@dataclass(slots=True)
class ClarusFile:
    """What a file says."""

    attributes: list[Attribute] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    parameters: dict[str, str] = field(default_factory=dict)
    unmapped: list[Unmapped] = field(default_factory=list)

    def leave(self, where: str, what: str, *, is_protection: bool) -> None:
        """List what is not brought over."""
        self.unmapped.append(Unmapped(where=where, what=what, is_protection=is_protection))


def read_clarus(data: bytes) -> ClarusFile:
    """Return what a file says.

    Raises:
        InvalidPolicyError: not XML, with a document type, too large, or no policy of CLARUS.
    """
    if len(data) > MAX_XML:
        raise InvalidPolicyError(f"more than {MAX_XML:,} bytes of XML")
    found = ClarusFile()
    try:
        # THREAT T625: a document type is refused before anything is parsed, so no entity grows
        for root, part in children(BytesIO(data), lambda _element: False):
            if local(root) not in _ROOTS:
                raise InvalidPolicyError(f"`{local(root)[:40]}` is no policy of CLARUS")
            _part(part, found)
    except UnreadableSourceError as err:
        raise InvalidPolicyError(f"no policy of CLARUS: {err}") from err
    if not found.attributes:
        raise InvalidPolicyError("no policy of CLARUS: it names no attribute")
    return found


def _part(part: Element, found: ClarusFile) -> None:
    match local(part):
        case "data":
            _left(part, frozenset(), "data", found)
            for each in part:
                _attribute(each, found)
        case "protection":
            _left(part, frozenset({"module"}), "protection", found)
            for each in _below(part, "attribute_types"):
                _rule(part.get("module", ""), each, found)
        case "protocol":
            _left(part, frozenset({"plugin"}), "protocol", found)
            plugin = part.get("plugin", "")
            if plugin.casefold() not in {"postgresql", "pgsql"}:
                told = f"`{plugin[:40]}` is spoken by no front end that a policy is for"
                found.leave("protocol", told, is_protection=False)
            for each in part:
                _parameter(each, found)
        case other:
            found.leave(other[:80], "no element that is known", is_protection=True)


def _attribute(element: Element, found: ClarusFile) -> None:
    name = element.get("name", "")
    where = f"data/attribute {name[:200]}"
    if local(element) != "attribute" or not name:
        told = "no attribute with a name"
        found.leave(f"data/{local(element)[:80]}", told, is_protection=True)
        return
    if len(found.attributes) >= MAX_ATTRIBUTES:
        raise InvalidPolicyError(f"more than {MAX_ATTRIBUTES:,} attributes")
    _left(element, frozenset({"name", "attribute_type", "data_type", "usages"}), where, found)
    usages = [element.get("usages", "")]
    for each in element:
        if local(each) in {"usage", "usages"} and not len(each):
            usages.append(each.text or "")
        else:
            found.leave(
                f"{where}/{local(each)[:80]}", "no element that is known", is_protection=True
            )
    found.attributes.append(
        Attribute(
            name=name,
            class_=element.get("attribute_type", ""),
            data_type=element.get("data_type", ""),
            usages=tuple(" ".join(usages).replace(",", " ").split()),
        )
    )


def _rule(module: str, element: Element, found: ClarusFile) -> None:
    class_ = element.get("type", "")
    if local(element) != "attribute_type" or not class_:
        told = "no attribute type with a name"
        found.leave(f"protection/{local(element)[:80]}", told, is_protection=True)
        return
    details = {key: value for key, value in element.attrib.items() if key != "type"}
    protection = details.pop("protection", "")
    for each in element:
        where = f"protection/attribute_type {class_}/{local(each)[:80]}"
        found.leave(where, "no element that is known", is_protection=True)
    found.rules.append(Rule(module=module, class_=class_, protection=protection, details=details))


def _parameter(element: Element, found: ClarusFile) -> None:
    name, value = element.get("param"), element.get("value")
    if local(element) != "parameter" or name is None or value is None or name in found.parameters:
        told = "no parameter with a name of its own and a value"
        found.leave(f"protocol/{local(element)[:80]}", told, is_protection=False)
        return
    found.parameters[name] = value


def _below(part: Element, name: str) -> list[Element]:
    """Return what stands in `name` below an element, or right below it."""
    inner = [each for each in part if local(each) == name]
    return [child for each in inner for child in each] + [
        each for each in part if local(each) != name
    ]


def _left(element: Element, known: frozenset[str], where: str, found: ClarusFile) -> None:
    for key in sorted(element.attrib.keys() - known):
        found.leave(where, f"`{key[:80]}`", is_protection=False)
