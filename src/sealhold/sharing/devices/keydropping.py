"""Segments of the key bag without the keys of what was erased.

- Who erases writes what is left of a segment anew, for all; who hears of it keeps that for itself,
  under an id and a key that no entry names: sealed again under its old key it would be another
  text under one key and nonce.

Source: docs/spec/11-exchange-and-op-log.md section 4.
"""

from collections.abc import Iterable

from sealhold.crypto.seal import new_key
from sealhold.model.clock import Entropy
from sealhold.model.ids import ID_BYTES
from sealhold.sharing.devices import keybag
from sealhold.sharing.devices.keeping import KeptSegment, Step
from sealhold.sharing.devices.ops import KeysOp


def write_anew(
    collection: bytes,
    segments: Iterable[KeptSegment],
    gone: set[bytes],
    step: Step,
    bag: keybag.BagKey,
    entropy: Entropy,
) -> list[KeysOp]:
    """Write segments without the keys of some objects into a step; return what tells of all.

    Args:
        collection: whose bag it is.
        segments: all that are here.
        gone: the objects.
        step: what becomes durable.
        bag: the fresh key of the bag.
        entropy: what is drawn from.
    """
    told: list[KeysOp] = []
    for segment in segments:
        kept = keybag.without(segment.keys, gone)
        # THREAT T491: what held a key of it is written anew, under the fresh key of the bag
        if len(kept) == len(segment.keys):
            whole = keybag.Segment(segment.id, segment.key, segment.keys, b"")
            told.append(whole.told(collection, bag, entropy))
            continue
        step.gone_segments.append(segment.id)
        for new in keybag.segments(collection, kept, entropy):
            step.segments.append(KeptSegment(new.id, new.key, dict(new.keys)))
            told.append(new.told(collection, bag, entropy))
    return told


def leave_out(
    segments: Iterable[KeptSegment], erased: set[bytes], step: Step, entropy: Entropy
) -> None:
    """Leave the keys of what others erased out of segments, in a step.

    Args:
        segments: that are kept here.
        erased: objects; none of their keys stays in what the step keeps, either.
        step: what becomes durable.
        entropy: what is drawn from.
    """
    for segment in [*segments, *step.segments]:
        kept = keybag.without(segment.keys, erased)
        if len(kept) == len(segment.keys):
            continue
        step.segments = [each for each in step.segments if each.id != segment.id]
        step.gone_segments.append(segment.id)
        own = new_key(entropy, "segment key")
        step.segments.append(KeptSegment(entropy(ID_BYTES), own, kept))
