"""A TPM that vouches for the machine in proofs: a quote of the one run that gave an answer.

- Before each answer register 23 is set back and takes in runtime and program, so a reader computes
  its value from the statement. Any program of this machine may do the same: such a quote says which
  machine a proof comes from, and a reader is told that it is a warning at best.
- The key is made with the first proof. If the TPM does not answer, no proof leaves: nothing weaker
  is made in its place.
- A quote tells the TPM's own clock. A program whose duration must not show is not run beside it.

Source: docs/spec/10-proof.md section 5; docs/spec/21-evidence.md section 9.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

from sealhold.compute.attest.tpmforms import read_area
from sealhold.compute.attest.tpmtools import ENDORSEMENT, PRIVATE, PUBLIC, TpmProducer
from sealhold.compute.evidence import Claim, Kind, Occasion
from sealhold.compute.vouching import REGISTER
from sealhold.crypto.digest import sha256

KEPT = (PRIVATE, ENDORSEMENT, PUBLIC)  # the public part last, so a key that is there is whole


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

    @property
    def claim(self) -> Claim:
        """What every statement says.

        Raises:
            EvidenceUnavailableError: no key was made yet, and no TPM answers.
        """
        if not (self._folder / PUBLIC).exists():
            with self._turn, self._opened():
                pass  # the key is there now
        area = (self._folder / PUBLIC).read_bytes()[2:]  # after its length
        return Claim(
            kind="tpm2",
            digest=sha256(read_area(area).key),
            hw_rooted=True,
            integrity="hw",
            confidentiality="glass",
        )

    def evidence(self, occasion: Occasion) -> bytes:
        """Return a quote of the register of runs.

        Raises:
            EvidenceUnavailableError: no TPM answers, or something else moved the register.
        """
        with self._turn, self._opened() as producer:
            producer.reset()
            for digest in self.run_of(occasion):
                producer.extend(digest)
            return producer.produce(occasion.challenge, occasion.binding).data

    def run_of(self, occasion: Occasion) -> tuple[bytes, ...]:
        """Return what the register takes in, in this order; 32 bytes each."""
        return occasion.runtime, occasion.code

    @contextmanager
    def _opened(self) -> Iterator[TpmProducer]:
        """Yield the TPM with the key of this vault, made if there is none yet."""
        # tpm2-tools let the owner's group read what they write, so they never write into a vault
        with TemporaryDirectory(prefix="sealhold-tpm-") as name:
            work = Path(name)
            is_new = not (self._folder / PUBLIC).exists()
            for each in () if is_new else KEPT:
                (work / each).write_bytes((self._folder / each).read_bytes())
            producer = TpmProducer(work, [REGISTER], self._tcti)
            if is_new:
                self._folder.mkdir(mode=0o700, exist_ok=True)
                for each in KEPT:
                    (self._folder / each).touch(0o600)
                    (self._folder / each).write_bytes((work / each).read_bytes())
            yield producer
