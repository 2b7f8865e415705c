"""What several papers say of each other: the entry that a proof opens, the place in a receipt.

- An excerpt of the log leads one entry to a signed checkpoint. Beside it, a presentation that opens
  its entry, and an owner's receipt that names its place, must mean that very entry.
- Each paper is verified by itself before; whoever does not hold alone is told of there.

Source: docs/spec/10-proof.md section 8.
"""

from collections.abc import Iterator, Sequence

from sealhold.audit.bundle import Excerpt, read_excerpt
from sealhold.audit.receipt import Place, place_of
from sealhold.audit.succession import Succession, rivals
from sealhold.compute.proof_rules import Finding, broken, held
from sealhold.crypto import sdjwt
from sealhold.model.errors import SealholdError


def compare(
    presentations: Sequence[bytes], receipts: Sequence[bytes], bundles: Sequence[bytes]
) -> Iterator[Finding]:
    """Yield what the papers say of each other; nothing where no excerpt of a log is among them."""
    excerpts = [each for each in map(_excerpt, bundles) if each is not None]
    if not excerpts:
        return
    for entry in filter(None, map(_entry, presentations)):
        shown = next((each for each in excerpts if each.leaf.hex() == entry), None)
        if shown is None:
            yield broken("entry", f"none of the excerpts shows entry {entry[:16]} of the proof")
        else:
            yield held("entry", f"the proof is of {_place(shown.index, shown)}")
    for named in filter(None, map(_named, receipts)):
        found = next(
            (each for each in excerpts if (each.index, each.origin) == (named.index, named.origin)),
            None,
        )
        # THREAT T53: a checkpoint of before the receipt's own cannot cover what it tells of.
        if found is None:
            yield broken("place", f"none of the excerpts shows entry {named.index} of the receipt")
        elif found.size < named.size:
            yield broken("place", f"the checkpoint covers {found.size} entries, not {named.size}")
        else:
            yield held("place", f"the receipt is of {_place(named.index, found)}")


def compare_keys(successions: Sequence[Succession], bundles: Sequence[bytes]) -> Iterator[Finding]:
    """Yield what speaks against keys of a log, by what they say of each other."""
    torn = rivals(successions)
    if torn is not None:
        yield broken("log key", f"two keys claim to follow {torn.name}'s; ask its owner")
    gone = {each.before for each in successions if each.compromised}
    # THREAT T356: whoever has a key that was given up can sign what never was
    if any(each is not None and each.key in gone for each in map(_excerpt, bundles)):
        yield broken("log key", "an excerpt is signed by a key that its log gave up")


def _place(index: int, excerpt: Excerpt) -> str:
    return f"entry {index} of {excerpt.origin}, under a checkpoint of {excerpt.size} entries"


def _excerpt(data: bytes) -> Excerpt | None:
    try:
        return read_excerpt(data)
    except SealholdError:
        return None


def _named(data: bytes) -> Place | None:
    try:
        return place_of(data)
    except SealholdError:
        return None


def _entry(data: bytes) -> str | None:
    try:
        shown = sdjwt.disclosed_unverified(data.decode("ascii", "replace"))
    except SealholdError:
        return None
    return next((f"{each.value}" for each in shown if each.name == "entry"), None)
