"""What an item is recognised by: its source's own name of it, or its content among equals.

- The tag of an item is the same whenever it is read, and says nothing without the subject's key.
- Two equal items of one input are two: the second has another ordinal.
- What is recognised here is not kept: whoever takes it in or looks at it in place decides that.

Source: docs/spec/18-connectors.md section 5; docs/spec/36-sources.md section 2.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec
from msgspec import structs

from sealhold.connectors.columns import SIGNED_BY
from sealhold.connectors.spec import Item
from sealhold.crypto.digest import Keyed
from sealhold.model.encoding import pack_item
from sealhold.model.ids import Collection
from sealhold.stores.spec import ColumnKind, TableSpec
from sealhold.vault.catalogue import SourceRow
from sealhold.vault.core import Core
from sealhold.vault.describing import Describer
from sealhold.vault.signed import Signer

IDENTITIES = TableSpec(
    name="identity",
    columns={
        "tag": ColumnKind.TAG16,
        "rec": ColumnKind.ID16,
        "subject": ColumnKind.ID16,
        "job": ColumnKind.ID16,
        "content": ColumnKind.TAG16,
    },
    key=("tag",),
    indexes={"job": ("job", "rec")},  # by job and then as they came: tags are in no order
)


class Seen(msgspec.Struct, frozen=True):  # one per item: made in a tenth of a dataclass's time
    """An item, and what it is recognised by."""

    item: Item
    tag: bytes  # 16: identity
    content: bytes  # as it is sealed
    digest: bytes  # 32, keyed, of the content


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """What the items of one dataset have in common."""

    contents: Keyed
    by_id: Keyed
    by_content: Keyed
    describer: Describer
    tells_signer: bool  # it has a column for who signed


class Recogniser:
    """Recognises the items of one input of a source."""

    def __init__(
        self, core: Core, source: SourceRow, signer: Signer | None = None, within: str = ""
    ) -> None:
        self._core = core
        self._source = source
        self._within = [within.encode()] if within else []  # an item means nothing outside it
        self._signed = {} if signer is None else {SIGNED_BY: signer.key.hex()}
        self._kinds: dict[str, _Kind] = {}
        self._equals: dict[bytes, int] = {}  # how many items of one content came before

    def recognise(self, item: Item) -> Seen:
        """Return the next item of the input with its tag and digest."""
        kind = self._kind(item.dataset)
        if self._signed or SIGNED_BY in item.fields:
            item = self._as_signed(item, kind)
        content = pack_item(item.fields, item.raw)
        digest = kind.contents.digest(content)
        if item.original_id is not None:
            tag = kind.by_id.mac16(item.original_id.encode())
        else:
            ordinal = self._equals.get(digest, 0)
            self._equals[digest] = ordinal + 1
            tag = kind.by_content.mac16(digest, ordinal.to_bytes(8, "big"))
        return Seen(item, tag, content, digest)

    def tag_of(self, dataset: str, original_id: str) -> bytes:
        """Return the tag of an item that its source names, without its content."""
        return self._kind(dataset).by_id.mac16(original_id.encode())

    def tags_of(self, dataset: str, digest: bytes, ordinals: Iterable[int]) -> Iterator[bytes]:
        """Yield the tags of items of one content that their source does not name."""
        by_content = self._kind(dataset).by_content
        return (by_content.mac16(digest, each.to_bytes(8, "big")) for each in ordinals)

    def describer(self, dataset: str) -> Describer:
        """Return what describes the items of a dataset."""
        return self._kind(dataset).describer

    def _as_signed(self, item: Item, kind: _Kind) -> Item:
        """Return the item with the key that signed its file, whatever it says of that itself."""
        # THREAT T193: a reader that was taken over cannot say that somebody signed
        fields = {name: value for name, value in item.fields.items() if name != SIGNED_BY}
        return structs.replace(item, fields=fields | self._signed if kind.tells_signer else fields)

    def _kind(self, dataset: str) -> _Kind:
        found = self._kinds.get(dataset)
        if found is None:
            # THREAT T384: whatever a source calls an item, it is an item of that source
            keys, place = self._core.keys, (self._source.id, dataset.encode(), *self._within)
            told = self._core.datasets.get(Collection(dataset))
            found = self._kinds[dataset] = _Kind(
                contents=keys.contents.after(dataset.encode()),
                by_id=keys.identities.after(b"id", *place),
                by_content=keys.identities.after(b"content", *place),
                describer=Describer(told),
                tells_signer=told is not None and any(c.name == SIGNED_BY for c in told.columns),
            )
        return found
