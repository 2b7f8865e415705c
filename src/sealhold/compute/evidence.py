"""What a proof says about the machine, and the seam to whatever vouches for it.

- A `Claim` stands in the statement that the vault signs. Evidence is bytes beside it, bound by 64
  bytes of report data to the recipient's nonce, the statement's digest and the key that signed it.
- What made the answer, the runtime and the program in it, is measured like a register of a TPM: so
  a token of software and a quote say the same 32 bytes, and a reader computes them.
- Software never says more than `sw`. What evidence is worth is the reader's to judge (`vouching`).
- What makes evidence is loaded with the first proof: a server that idles does not carry it.

Source: docs/spec/10-proof.md section 5; docs/spec/21-evidence.md section 2.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, Protocol

from sealhold.crypto.digest import sha256
from sealhold.crypto.sign import PublicKey, SigningKey
from sealhold.model.encoding import Plain
from sealhold.model.errors import BadProofError
from sealhold.model.quantities import Instant

if TYPE_CHECKING:
    from sealhold.compute.attest.spec import BoundDigest

Kind = Literal["sw", "tpm2", "sgx", "tdx", "snp", "nitro"]
Integrity = Literal["hw", "sw", "none"]
Confidentiality = Literal["sealed", "glass", "none"]

_ZERO: Final = bytes(32)  # what a register starts with


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What the vault says about its machine."""

    kind: Kind
    digest: bytes  # 32 bytes: SHA-256 of the key or measurement that the evidence must show
    hw_rooted: bool
    integrity: Integrity
    confidentiality: Confidentiality

    def document(self) -> dict[str, Plain]:
        """Return it as it stands in a statement."""
        return {
            "confidentiality": self.confidentiality,
            "digest": self.digest.hex(),
            "hw_rooted": self.hw_rooted,
            "integrity": self.integrity,
            "kind": self.kind,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """The one answer that evidence stands behind."""

    nonce: str  # the recipient's
    statement: bytes  # 32-byte SHA-256 of what is signed
    session: PublicKey  # that signs it
    left: Instant  # the slot's end at which the answer leaves
    runtime: bytes  # 32-byte SHA-256 of the binary that ran the program
    code: bytes  # 32-byte SHA-256 of the program

    @property
    def challenge(self) -> bytes:
        """Return the nonce that evidence answers."""
        return challenge_of(self.nonce)

    @property
    def binding(self) -> "BoundDigest":
        """Return what evidence must be bound to."""
        from sealhold.compute.attest.spec import BoundDigest  # noqa: PLC0415  # reason: see above

        return BoundDigest(statement=self.statement, session_key=self.session)

    @property
    def ran(self) -> bytes:
        """Return the measurement of what made the answer."""
        return measurement_of(self.runtime, self.code)


class Attester(Protocol):
    """Vouches for the machine that signs a statement."""

    @property
    def kind(self) -> Kind:
        """Of which kind its evidence is; known without asking the machine."""
        ...

    @property
    def claim(self) -> Claim:
        """What every statement says; it may not depend on what is stated.

        Raises:
            EvidenceUnavailableError: this machine cannot vouch now.
        """
        ...

    def evidence(self, occasion: Occasion) -> bytes:
        """Return evidence that is bound to `occasion`.

        Raises:
            EvidenceUnavailableError: this machine cannot vouch now.
        """
        ...


class Software:
    """A key of the device: it says that this vault's software says so, and no more."""

    kind: Kind = "sw"

    def __init__(self, device: SigningKey) -> None:
        self._device = device

    @property
    def claim(self) -> Claim:
        """What every statement says."""
        return Claim(
            kind="sw",
            digest=sha256(self._device.public),
            hw_rooted=False,
            integrity="sw",
            confidentiality="glass",
        )

    def evidence(self, occasion: Occasion) -> bytes:
        """Return a software token of the device key."""
        from sealhold.compute.attest.producing import SoftwareProducer  # noqa: PLC0415  # reason: see above

        # THREAT T43: the token's time is the slot's end, never the moment the program was done
        producer = SoftwareProducer(self._device, occasion.ran, lambda: occasion.left)
        return producer.produce(occasion.challenge, occasion.binding).data


def challenge_of(nonce: str) -> bytes:
    """Return the 32 bytes that evidence in a proof answers, for a recipient's nonce of any length.

    Formats of evidence have room for a nonce of 8 to 64 bytes.
    """
    return sha256(nonce.encode())


def measurement_of(runtime: bytes, code: bytes) -> bytes:
    """Return a register into which runtime and program were extended, from zero; 32 bytes.

    Args:
        runtime: 32-byte SHA-256 of the binary that runs programs.
        code: 32-byte SHA-256 of the program.
    """
    return sha256(sha256(_ZERO, runtime), code)


def check_software(claim: Claim) -> None:
    """Return if a claim of kind `sw` says no more than software can.

    Raises:
        BadProofError: it does.
    """
    # THREAT T178: software that calls itself hardware, or sealed, is an altered proof.
    if claim.hw_rooted or claim.integrity == "hw" or claim.confidentiality == "sealed":
        raise BadProofError("software evidence that claims to be more")
