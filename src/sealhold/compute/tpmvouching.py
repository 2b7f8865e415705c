"""A TPM that vouches for the machine in proofs: a quote of the one run that gave an answer.

- Before each answer register 23 is set back and takes in runtime and program, so a reader computes
  its value from the statement. Any program of this machine may do the same: such a quote says which
  machine a proof comes from, and a reader is told that it is a warning at best.
- The TPM is asked when the first proof is made, for a key takes it seconds. If it does not answer,
  no proof leaves: nothing weaker is made in its place.
- A quote tells the TPM's own clock. A program whose duration must not show is not run beside it.

Source: docs/spec/10-proof.md section 5; docs/spec/21-evidence.md section 9.
"""

from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from sealhold.compute.evidence import Claim, Kind, Occasion
from sealhold.compute.vouching import REGISTER
from sealhold.crypto.digest import sha256

if TYPE_CHECKING:
    from sealhold.compute.attest.tpmtools import TpmProducer


class Tpm:
    """The TPM at `tcti`, with a key that lives in `folder`.

    Args:
        folder: made when needed; readable by its owner alone.
        tcti: where the TPM is, in the words of tpm2-tools; the system's own if empty.
    """

    kind: Kind = "tpm2"

    def __init__(self, folder: Path, tcti: str) -> None:
        self._folder = folder
        self._tcti = tcti
        self._turn = Lock()  # between setting the register back and the quote nothing else may run
        self._opened: TpmProducer | None = None

    @property
    def claim(self) -> Claim:
        """What every statement says.

        Raises:
            EvidenceUnavailableError: no TPM answers.
        """
        from sealhold.compute.attest.tpmforms import read_area  # noqa: PLC0415  # reason: loaded only where a TPM vouches

        with self._turn:
            key = read_area(self._producer().area).key
        return Claim(
            kind="tpm2",
            digest=sha256(key),
            hw_rooted=True,
            integrity="hw",
            confidentiality="glass",
        )

    def evidence(self, occasion: Occasion) -> bytes:
        """Return a quote of the register of runs.

        Raises:
            EvidenceUnavailableError: no TPM answers, or something else moved the register.
        """
        with self._turn:
            producer = self._producer()
            producer.reset()
            producer.extend(occasion.runtime)
            producer.extend(occasion.code)
            return producer.produce(occasion.challenge, occasion.binding).data

    def _producer(self) -> "TpmProducer":
        from sealhold.compute.attest.tpmtools import TpmProducer  # noqa: PLC0415  # reason: as above

        if self._opened is None:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            self._opened = TpmProducer(self._folder, [REGISTER], self._tcti)
        return self._opened
