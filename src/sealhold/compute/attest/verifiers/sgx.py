"""A quote of an enclave of Intel's SGX.

- Measurement: MRENCLAVE, 32 bytes. Bit 1 of the attributes is debug.

Source: docs/spec/21-evidence.md section 5.
"""

from sealhold.compute.attest.collateral import Collateral
from sealhold.compute.attest.intel import look_at_quote
from sealhold.compute.attest.judging import Case, judge
from sealhold.compute.attest.kinds import Kind
from sealhold.compute.attest.policy import Policy
from sealhold.compute.attest.spec import Evidence, ReferenceValues, Result
from sealhold.model.quantities import Instant


class SgxVerifier:
    """Appraises quotes of SGX."""

    kind = Kind.SGX

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
        return judge(case, lambda look: look_at_quote(look, case, "sgx", collateral))
