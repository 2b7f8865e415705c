"""Quotes of this machine's TPM, through the programs of tpm2-tools.

- The programs are optional. Without them, or without a TPM, evidence of kind `tpm2` cannot be
  made here, and that is said; nothing weaker is made in its place.
- The attestation key is made under the endorsement key when a producer first opens in a folder;
  what is kept there is of use to this TPM alone. Opened there again, it is the same key, which
  readers know by its description (`area`).
- Each step leaves nothing in the TPM's few places for sessions and objects.

Source: docs/spec/21-evidence.md section 9.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from sealhold.compute.attest import tpmforms
from sealhold.compute.attest.kinds import Kind
from sealhold.compute.attest.spec import Binding, Evidence
from sealhold.crypto.tpmcall import TpmPrograms, are_installed
from sealhold.model.encoding import pack
from sealhold.model.errors import EvidenceUnavailableError, InvalidError

PUBLIC = "ak.pub"  # the file that readers know the key by: its description, after its length
PRIVATE = "ak.priv"  # the rest of it, sealed by its TPM
ENDORSEMENT = "ek.der"  # the public endorsement key, which the vendor certified
NEEDED = (
    "tpm2_activatecredential",
    "tpm2_createek",
    "tpm2_createak",
    "tpm2_flushcontext",
    "tpm2_load",
    "tpm2_pcrextend",
    "tpm2_pcrread",
    "tpm2_pcrreset",
    "tpm2_policysecret",
    "tpm2_quote",
    "tpm2_startauthsession",
)


def is_available() -> bool:
    """Return whether the programs are installed; whether a TPM answers shows when one is asked."""
    return are_installed(NEEDED)


class TpmProducer:
    """Quotes registers of the TPM at `tcti`, with a key that lives in `folder`.

    Args:
        folder: private; empty, or of a producer before. It holds keys that only this TPM can load.
        registers: which of the SHA-256 bank are quoted; the last is the one that is extended.
        tcti: where the TPM is, in the words of tpm2-tools; the system's own if empty.
        endorsement: of which kind the endorsement key is; the one that its vendor certified.
    """

    kind = Kind.TPM2

    def __init__(
        self,
        folder: Path,
        registers: Sequence[int],
        tcti: str = "",
        endorsement: Literal["ecc", "rsa"] = "ecc",
    ) -> None:
        if not is_available():
            raise EvidenceUnavailableError("tpm2-tools are not installed")
        if not registers or not set(registers) <= set(range(tpmforms.PCRS)):
            raise InvalidError(f"registers from 0 to {tpmforms.PCRS - 1}, and at least one")
        self._folder = folder
        self._registers = tuple(sorted(set(registers)))
        self._extended = registers[-1]
        self._selection = f"sha256:{','.join(map(str, self._registers))}"
        programs = TpmPrograms(folder=folder, tcti=tcti, away=EvidenceUnavailableError)
        self._run, self._call = programs.run, programs.call
        self.area = self._make_key(endorsement)

    def extend(self, digest: bytes) -> None:
        """Extend the register with the 32-byte digest of what is about to run.

        Raises:
            EvidenceUnavailableError: the TPM does not answer.
        """
        self._run("tpm2_pcrextend", f"{self._extended}:sha256={digest.hex()}")

    def reset(self) -> None:
        """Set the register back to zero, which a TPM allows for 16 and 23 alone.

        Raises:
            EvidenceUnavailableError: the TPM does not answer, or does not allow it.
        """
        self._run("tpm2_pcrreset", f"{self._extended}")

    def produce(self, nonce: bytes, binding: Binding) -> Evidence:
        """Return a quote of the registers as they are now.

        Raises:
            EvidenceUnavailableError: the TPM does not answer.
        """
        challenge = binding.challenge(nonce).hex()
        # Values are read before and after: a register that moves meanwhile fits no quote.
        values = self._values()
        self._run(
            *("tpm2_quote", "-c", "ak.ctx", "-l", self._selection, "-g", "sha256"),
            *("-q", challenge, "-m", "quote.msg", "-s", "quote.sig"),
        )
        if self._values() != values:
            raise EvidenceUnavailableError("a register moved while it was quoted")
        data = pack(
            {
                "attest": (self._folder / "quote.msg").read_bytes(),
                "pcrs": values,
                "signature": (self._folder / "quote.sig").read_bytes(),
            }
        )
        report_data = binding.report_data(nonce)
        return Evidence(kind=self.kind, data=data, nonce=nonce, report_data=report_data)

    @property
    def endorsement(self) -> bytes:
        """The DER of the public endorsement key, whose certificate the vendor gave out."""
        return (self._folder / ENDORSEMENT).read_bytes()

    def activate(self, blob: bytes) -> bytes:
        """Return the secret in a reader's challenge, which only a TPM with both keys opens.

        Raises:
            EvidenceUnavailableError: it was made for other keys, or the TPM does not answer.
        """
        (self._folder / "blob").write_bytes(blob)
        self._endorsed(
            *("tpm2_activatecredential", "-c", "ak.ctx", "-C", "ek.ctx", "-i", "blob"),
            *("-o", "secret"),
        )
        return (self._folder / "secret").read_bytes()

    def _make_key(self, endorsement: str) -> bytes:
        self._run(
            "tpm2_createek", "-c", "ek.ctx", "-G", endorsement, "-u", ENDORSEMENT, "-f", "der"
        )
        kept = self._folder / PUBLIC
        if kept.exists():
            self._endorsed(
                *("tpm2_load", "-C", "ek.ctx", "-u", PUBLIC, "-r", PRIVATE, "-c", "ak.ctx")
            )
        else:
            self._run(
                *("tpm2_createak", "-C", "ek.ctx", "-c", "ak.ctx", "-G", "ecc", "-g", "sha256"),
                *("-s", "ecdsa", "-u", PUBLIC, "-r", PRIVATE, "-n", "ak.name"),
            )
        area = kept.read_bytes()[2:]  # after its length
        tpmforms.read_area(area)
        return area

    def _values(self) -> dict[int, bytes]:
        self._run("tpm2_pcrread", self._selection, "-o", "values")
        joined = (self._folder / "values").read_bytes()
        size = tpmforms.PCR_BYTES
        if len(joined) != size * len(self._registers):
            raise EvidenceUnavailableError("the TPM has no such SHA-256 registers")
        return {
            place: joined[size * at : size * (at + 1)] for at, place in enumerate(self._registers)
        }

    def _endorsed(self, program: str, *arguments: str) -> None:
        """Run a program that uses the endorsement key, whose use its policy allows."""
        session = "session.ctx"
        self._call("tpm2_startauthsession", "--policy-session", "-S", session)
        try:
            self._call("tpm2_policysecret", "-S", session, "-c", "e")
            self._call(program, *arguments, "-P", f"session:{session}")
        finally:
            self._call("tpm2_flushcontext", session)
            self._call("tpm2_flushcontext", "-t")
