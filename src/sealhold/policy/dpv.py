"""Purposes: which there are, which lies within which, and how we say them to a person.

- Closed: a term outside the vocabulary decides nothing and is refused. So is its root `Purpose`,
  because a yes to the root would be a yes to everything.
- The terms form a graph, not a tree: eleven have two broader terms.

Source: docs/spec/07-grants.md section 2; W3C Data Privacy Vocabulary 2.3.
"""

from typing import Final

from sealhold.model.errors import UnknownPurposeError
from sealhold.model.ids import Purpose
from sealhold.policy.purposes_table import TERMS

IRI: Final = "https://w3id.org/dpv#"  # what stands before a term in linked data


def _broader_or_same(term: str) -> frozenset[str]:
    found: set[str] = set()
    waiting = [term]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting.extend(TERMS[one][0])
    return frozenset(found)


_WITHIN: Final = {term: _broader_or_same(term) for term in TERMS}


def require(text: str) -> Purpose:
    """Return the purpose that `text` names.

    Raises:
        UnknownPurposeError: not a purpose of the vocabulary, or its root.
    """
    if text not in TERMS:
        raise UnknownPurposeError(f"`{text[:64]}` is not a purpose")
    return Purpose(text)


def narrower(purpose: Purpose, than: Purpose) -> bool:
    """Return whether `purpose` is `than` or lies within it. An unknown term lies within nothing."""
    return than in _WITHIN.get(purpose, ())


def within(purpose: Purpose) -> list[Purpose]:
    """Return `purpose` and all that lie within it, in the order of their names."""
    return [Purpose(term) for term in sorted(TERMS) if purpose in _WITHIN[term]]


def every() -> list[Purpose]:
    """Return each purpose of the vocabulary, in the order of their names."""
    return [Purpose(term) for term in sorted(TERMS)]


def label(purpose: Purpose) -> str:
    """Return what `purpose` means, to be read after "They want to": `sell something`.

    Raises:
        UnknownPurposeError: not a purpose of the vocabulary, or its root.
    """
    return TERMS[require(purpose)][1]
