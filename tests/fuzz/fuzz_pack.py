"""Fuzz target for `stores.packs.read_pack`: whatever comes in, a tiled table or TAMPERED.

Any fuzzer that calls a function with bytes can drive `fuzz`; `test_fuzz_pack.py` drives it with
Hypothesis, from whole packs that were edited.
"""

from sealhold.model.errors import TamperedError
from sealhold.model.ids import SealedBytes
from sealhold.stores.packs import chunk_of, read_pack


def unseal(salt: bytes, sealed: SealedBytes) -> bytes:
    """Return the table as it stands, so that a fuzzer gets behind the seal."""
    del salt
    return sealed


def fuzz(data: bytes) -> int | None:
    """Read `data` as a pack; return how many bytes its chunks have, None if it was refused."""
    try:
        contents = read_pack(SealedBytes(data), unseal)
    except TamperedError:
        return None
    chunks = [chunk_of(SealedBytes(data), entry) for entry in contents.entries]
    assert all(len(chunk) == e.length for chunk, e in zip(chunks, contents.entries, strict=True))
    assert len({entry.chunk for entry in contents.entries}) == len(chunks)
    total = sum(map(len, chunks))
    assert total < len(data)
    return total
