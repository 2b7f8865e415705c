"""A quote of an enclave of Intel's SGX.

- Measurement: MRENCLAVE, 32 bytes. Bit 1 of the attributes is debug.

Source: docs/spec/21-evidence.md section 5.
"""

from sealhold.compute.attest.collateral import Collateral
from sealhold.compute.attest.intel import look_at_quote
from sealhold.compute.attest.judging import Case, JudgedVerifier, Look
from sealhold.compute.attest.kinds import Kind


class SgxVerifier(JudgedVerifier):
    """Appraises quotes of SGX."""

    kind = Kind.SGX

    def look_at(self, look: Look, case: Case, collateral: Collateral | None) -> None:
        look_at_quote(look, case, "sgx", collateral)
