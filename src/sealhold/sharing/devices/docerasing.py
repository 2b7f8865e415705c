"""Words are erased from a document wherever it says or said them.

- They are looked for in each state of the past, deleted where they stand, and then a new lineage
  begins in which the units that ever were part of them are blank.
- Ended half-way, the words are deleted and still in the past; said again, it goes on. Ended after
  the new lineage was begun, the next round destroys the keys of the old one.

Source: docs/spec/48-documents.md section 12.
"""

from sealhold.model.errors import ConflictError, DeniedError, NotFoundError
from sealhold.sharing.devices.docmatching import strike
from sealhold.sharing.devices.docsaying import Said
from sealhold.sharing.devices.documentwork import Documents
from sealhold.sharing.devices.docversions import Version


def found(work: Documents, thing: bytes, words: str) -> Said:
    """Return where a document says or said words; nothing is changed.

    Raises:
        NotFoundError: there is no such document, or it never said them.
        DeniedError: other people are in it, or it is theirs.
        InvalidEditError: its past is not all kept.
    """
    work.require_past()
    said = work.document(thing).said(words, _shown(work, thing))
    if not said.spans:
        raise NotFoundError("neither the document nor its past says that")
    return said


def erase_words(work: Documents, thing: bytes, words: str) -> Said:
    """Be rid of words on all devices; return where they stood.

    Raises:
        NotFoundError: there is no such document, or it never said them.
        DeniedError: this device may not.
        ConflictError: edits of a removed device wait for a decision.
        InvalidEditError: its past is not all kept.
    """
    work.finish()
    found(work, thing, words)
    # nothing is struck out that could not be erased then
    if not work.may_erase:
        raise DeniedError("a device that may not erase: an admin can")
    if work.suggestions(thing):
        raise ConflictError("edits of a removed device wait for a decision")
    versions = _shown(work, thing)
    work.edit(thing, lambda document: strike(document, words, versions))
    said = found(work, thing, words)
    work.erase(thing, said.spans)
    return said


def _shown(work: Documents, thing: bytes) -> list[Version]:
    return [stage.version for stage in work.past(thing)]
