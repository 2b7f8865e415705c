"""A quote of a trust domain of Intel's TDX.

- Measurement: MRTD and RTMR0 to RTMR3 joined, 240 bytes. Bit 0 of the attributes is debug.

Source: docs/spec/21-evidence.md section 5.
"""

from sealhold.compute.attest.collateral import Collateral
from sealhold.compute.attest.intel import look_at_quote
from sealhold.compute.attest.judging import Case, JudgedVerifier, Look
from sealhold.compute.attest.kinds import Kind


class TdxVerifier(JudgedVerifier):
    """Appraises quotes of TDX."""

    kind = Kind.TDX

    def look_at(self, look: Look, case: Case, collateral: Collateral | None) -> None:
        look_at_quote(look, case, "tdx", collateral)
