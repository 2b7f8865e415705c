"""What a reader of evidence takes: roots, states of a platform, age.

- Roots are pinned by their SHA-256, per kind. A TPM has none by default: its vendors are many, and
  whoever trusts one says so.
- Of the states of a platform only `UpToDate` is taken. Others may be listed, and then give
  `WARNING`, never `AFFIRMING`; a revoked platform cannot be listed.
- Debug is not here: no policy takes it.

Source: docs/spec/21-evidence.md section 4.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from sealhold.compute.attest.kinds import Kind
from sealhold.crypto.digest import tagged
from sealhold.crypto.tags import Tag
from sealhold.model.encoding import pack
from sealhold.model.errors import InvalidError
from sealhold.model.quantities import DAY, MINUTE, Millis

GOOD: Final = "UpToDate"
STATES: Final = frozenset(
    {
        GOOD,
        "SWHardeningNeeded",
        "ConfigurationNeeded",
        "ConfigurationAndSWHardeningNeeded",
        "OutOfDate",
        "OutOfDateConfigurationNeeded",
    }
)
SKEW: Final = Millis(5 * MINUTE)  # by which two honest clocks may differ

_INTEL = bytes.fromhex("44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3")
_AMD_MILAN = bytes.fromhex("69d063b45344d26a2e94e1f4210de49ef555308287d4c174445c95639a540bcd")
_AWS = bytes.fromhex("641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b")

VENDOR_ROOTS: Final[Mapping[Kind, frozenset[bytes]]] = MappingProxyType(
    {
        Kind.SGX: frozenset({_INTEL}),  # Intel SGX Root CA
        Kind.TDX: frozenset({_INTEL}),
        Kind.SNP: frozenset({_AMD_MILAN}),  # ARK-Milan
        Kind.NITRO: frozenset({_AWS}),  # aws.nitro-enclaves, G1
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SnpLevel:
    """Lowest versions of the parts of an AMD platform; each number is from 0 to 255."""

    bootloader: int
    tee: int
    snp: int
    microcode: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What is taken."""

    states: frozenset[str] = frozenset({GOOD})
    max_age: Millis = DAY
    snp_floor: SnpLevel | None = None  # without one no SNP platform is AFFIRMING
    roots: Mapping[Kind, frozenset[bytes]] = field(default_factory=lambda: VENDOR_ROOTS)

    def __post_init__(self) -> None:
        if not self.states <= STATES:
            raise InvalidError(f"`{min(self.states - STATES)}` is no state that can be taken")
        if self.max_age <= 0:
            raise InvalidError("evidence must be allowed some age")

    @property
    def digest(self) -> bytes:
        """Return 32 bytes that name this policy in a token."""
        floor = self.snp_floor
        parts = {
            "floor": [floor.bootloader, floor.tee, floor.snp, floor.microcode] if floor else [],
            "max_age": self.max_age,
            "roots": {kind.value: sorted(roots) for kind, roots in self.roots.items()},
            "states": sorted(self.states),
        }
        return tagged(Tag.EVIDENCE_POLICY, pack(parts))


DEFAULT: Final = Policy()
