"""How a reader comes to know that a key lies in a genuine TPM: once, by a secret.

- The reader checks the certificate of the endorsement key up to a pinned vendor and the
  description of the other key, and wraps a fresh secret to both. The machine that can say the
  secret holds both keys in one TPM. What comes of it is collateral for every later quote.
- A challenge is answered once, and lives in the reader's memory only.

Source: docs/spec/21-evidence.md section 9.
"""

from collections.abc import Collection
from dataclasses import dataclass

from sealhold.compute.attest.collateral import TpmCollateral
from sealhold.compute.attest.tpmforms import read_area
from sealhold.crypto import x509
from sealhold.crypto.credential import MAX_SECRET, make_credential
from sealhold.crypto.digest import equal
from sealhold.model.clock import Entropy
from sealhold.model.errors import BadChainError, DeniedError
from sealhold.model.quantities import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What a reader keeps until the machine answers."""

    blob: bytes  # goes to the machine
    secret: bytes  # stays
    known: TpmCollateral  # what the reader knows once the answer is right


def challenge(
    area: bytes,
    chain: tuple[x509.Certificate, ...],
    roots: Collection[bytes],
    *,
    now: Instant,
    entropy: Entropy,
) -> Challenge:
    """Return a challenge to the machine that brought the key `area` and the certificates `chain`.

    Args:
        area: `TPMT_PUBLIC` of the key that is to sign quotes.
        chain: of the endorsement key, the vendor's root last.
        roots: SHA-256 of the vendors' roots that are trusted.
        now: the time to judge the chain by.
        entropy: where the secret comes from.

    Raises:
        InvalidError: the area is not of its form, or the endorsement key of another kind.
        BadChainError: the chain leads to no pinned root, or the key may sign anything.
    """
    described = read_area(area)
    # THREAT T157: a key that signs what it is given would sign a made-up quote as well.
    if not described.signs_quotes_only:
        raise BadChainError("the key is not one that only its TPM can use, and only for quotes")
    x509.check_chain(chain, roots, now)
    secret = entropy(MAX_SECRET)
    return Challenge(
        blob=make_credential(chain[0].public, described.name, secret, entropy),
        secret=secret,
        known=TpmCollateral(key=described.key, area=area, chain=chain),
    )


def accept(asked: Challenge, answer: bytes) -> TpmCollateral:
    """Return the collateral that a right `answer` gives.

    Raises:
        DeniedError: the answer is not the secret.
    """
    if not equal(asked.secret, answer):
        raise DeniedError("the machine does not hold both keys in one TPM")
    return asked.known
