"""The wolf in the sheepfold: what owners of some machines see when many process others' data.

- A machine that is not shown to be sealed is glass: it computes rightly, and its owner sees all it
  processes. Evidence decides which it is, never the machine's word.
- Records are cut into groups of attributes; each group has its own processors, drawn by a seed
  that nobody could choose, over a fixed list. Then what is seen follows from counts alone.
- An assignment is recomputed by its reader. Who could choose processors would see everything.

Source: docs/spec/21-evidence.md section 13.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import comb
from typing import Final

from sealhold.compute.attest.spec import Result
from sealhold.crypto.digest import tagged
from sealhold.crypto.tags import Tag
from sealhold.model.errors import BadProofError, InvalidError

FEWEST: Final = 50  # processors of a group; with fewer, one glass machine sees too large a share
SHARE_BYTES: Final = 32
HUNDREDTH: Final = Fraction(1, 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """What owners of glass machines see, if processors were drawn."""

    some: Fraction  # chance that at least one piece of a record is seen
    whole: Fraction  # chance that all pieces of a record are seen
    share: Fraction  # of a group's processors that are glass: exceeded in one draw of a hundred


def is_glass(result: Result | None) -> bool:
    """Return whether a machine's owner must be taken to see what it processes."""
    # THREAT T159: no evidence, or less than sealed, counts as glass.
    return result is None or result.confidentiality != "sealed"


def exposure(*, nodes: int, glass: int, processors: int, groups: int) -> Exposure:
    """Return what is seen with `glass` of `nodes` machines, drawn anew for each group.

    Args:
        nodes: machines on the list, at least 1.
        glass: those whose owners see what they process.
        processors: drawn for each group of attributes.
        groups: into how many a record is cut.

    Raises:
        InvalidError: numbers that cannot be.
    """
    if not (0 <= glass <= nodes and 1 <= processors <= nodes and groups >= 1):
        raise InvalidError("there is no such assignment")
    one = Fraction(glass, nodes)
    return Exposure(
        some=1 - (1 - one) ** groups,
        whole=one**groups,
        share=Fraction(_at_worst(nodes, glass, processors), processors),
    )


def commit(participant: bytes, share: bytes) -> bytes:
    """Return the 32 bytes by which `participant` binds itself to its share of the seed.

    Raises:
        InvalidError: the share does not have its 32 bytes.
    """
    if len(share) != SHARE_BYTES:
        raise InvalidError(f"a share of {len(share)} bytes, not {SHARE_BYTES}")
    return tagged(Tag.SEED_SHARE, participant, share)


def seed_of(commitments: Mapping[bytes, bytes], shares: Mapping[bytes, bytes]) -> bytes:
    """Return the 32-byte seed that all participants drew together.

    Args:
        commitments: what each participant committed to, by its name, before any share was shown.
        shares: what each then showed.

    Raises:
        BadProofError: a share is missing, or is not the one that was committed to.
    """
    # THREAT T159: a seed counts only if everybody's share is in it, as it was before any was known.
    if not commitments or commitments.keys() != shares.keys():
        raise BadProofError("the seed lacks the share of a participant")
    for participant, commitment in commitments.items():
        share = shares[participant]
        if len(share) != SHARE_BYTES or commit(participant, share) != commitment:
            raise BadProofError("a share differs from what was committed to")
    ordered = [part for name in sorted(shares) for part in (name, shares[name])]
    return tagged(Tag.SEED, *ordered)


def assign(
    nodes: Iterable[bytes], seed: bytes, *, processors: int, groups: int, few_agreed: bool = False
) -> tuple[tuple[bytes, ...], ...]:
    """Return the processors of each group, in the order in which they were drawn.

    Args:
        nodes: names of all machines on the list, in any order.
        seed: what `seed_of` returned.
        processors: how many for each group.
        groups: how many groups.
        few_agreed: whether each contributor agreed to fewer processors than `FEWEST`.

    Raises:
        InvalidError: too few processors, or more than there are machines.
    """
    listed = sorted(set(nodes))
    if processors < FEWEST and not few_agreed:
        raise InvalidError(f"{processors} processors for a group, at least {FEWEST}")
    if not 1 <= processors <= len(listed) or groups < 1:
        raise InvalidError("there is no such assignment")
    return tuple(_drawn(listed, seed, group)[:processors] for group in range(groups))


def processor_of(record: bytes, drawn: Sequence[bytes], seed: bytes, group: int) -> bytes:
    """Return which of the processors `drawn` for `group` gets its piece of `record`."""
    number = int.from_bytes(tagged(Tag.SEED_PLACE, seed, group.to_bytes(4), record))
    return drawn[number % len(drawn)]


def check_assignment(
    told: Sequence[Sequence[bytes]],
    nodes: Iterable[bytes],
    seed: bytes,
    *,
    few_agreed: bool = False,
) -> None:
    """Return if `told` is what the seed gives over `nodes`.

    Raises:
        BadProofError: somebody chose a processor.
        InvalidError: too few processors, or groups of several sizes.
    """
    sizes = {len(group) for group in told}
    if len(sizes) != 1:
        raise InvalidError("groups of several sizes, or none")
    wanted = assign(nodes, seed, processors=sizes.pop(), groups=len(told), few_agreed=few_agreed)
    # THREAT T159: processors that were chosen differ from those that were drawn.
    if [tuple(group) for group in told] != list(wanted):
        raise BadProofError("these processors were not drawn by the seed")


def _drawn(listed: Sequence[bytes], seed: bytes, group: int) -> tuple[bytes, ...]:
    place = group.to_bytes(4)
    return tuple(sorted(listed, key=lambda node: tagged(Tag.SEED_ORDER, seed, place, node)))


def _at_worst(nodes: int, glass: int, processors: int) -> int:
    """Return how many glass processors one draw in a hundred exceeds at most."""
    ways = comb(nodes, processors)
    beyond = Fraction(1)
    for count in range(min(glass, processors) + 1):
        beyond -= Fraction(comb(glass, count) * comb(nodes - glass, processors - count), ways)
        if beyond <= HUNDREDTH:
            return count
    return min(glass, processors)
