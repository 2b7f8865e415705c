"""A quote of a trust domain of Intel's TDX.

- Measurement: MRTD and RTMR0 to RTMR3 joined, 240 bytes. Bit 0 of the attributes is debug.

Source: docs/spec/21-evidence.md section 5.
"""

from sealhold.compute.attest.collateral import Collateral
from sealhold.compute.attest.intel import look_at_quote
from sealhold.compute.attest.judging import Case, judge
from sealhold.compute.attest.kinds import Kind
from sealhold.compute.attest.policy import Policy
from sealhold.compute.attest.spec import Evidence, ReferenceValues, Result
from sealhold.model.quantities import Instant


class TdxVerifier:
    """Appraises quotes of TDX."""

    kind = Kind.TDX

    def appraise(
        self,
        evidence: Evidence,
        nonce: bytes,
        reference_values: ReferenceValues,
        policy: Policy,
        now: Instant,
        collateral: Collateral | None,
    ) -> Result:
        case = Case(
            kind=self.kind,
            evidence=evidence,
            nonce=nonce,
            reference=reference_values,
            policy=policy,
            now=now,
        )
        return judge(case, lambda look: look_at_quote(look, case, "tdx", collateral))
