"""What SGX and TDX share: a quote by Intel's quoting enclave, judged against Intel's collateral.

- Debug is read from the report itself, before anything is verified and whatever comes of that.
- The state of a platform is Intel's word; whether it is good enough is the policy's.

Source: docs/spec/21-evidence.md section 5.
"""

from typing import Literal

from sealhold.compute.attest.collateral import Collateral, IntelCollateral
from sealhold.compute.attest.judging import Case, Look
from sealhold.compute.attest.policy import GOOD
from sealhold.crypto import quote
from sealhold.model.errors import InvalidEncodingError


def look_at_quote(
    look: Look, case: Case, tee: Literal["sgx", "tdx"], collateral: Collateral | None
) -> None:
    """Note in `look` what the quote in `case` is.

    Raises:
        InvalidEncodingError: the quote or its collateral is not of its form.
        TamperedError: it is not genuine at that time.
        EvidenceUnavailableError: the library that checks it is not installed.
    """
    found = quote.read_quote(case.evidence.data)
    if found.tee != tee:
        raise InvalidEncodingError(f"a quote of `{found.tee}`, not `{tee}`")
    # THREAT T154: the bit is looked at before the library, which has a policy of its own.
    look.debug = found.is_debug
    look.fault("a service that is bound to it may move it", unless=not found.is_movable)
    bound = found.report_data == case.evidence.report_data
    look.fault("the report data differs from what it claims", unless=bound)
    if not isinstance(collateral, IntelCollateral):
        raise look.needs("Intel's collateral")
    roots = case.policy.roots.get(case.kind, frozenset())
    standing = quote.verify_quote(found, collateral.document, roots, case.now)
    look.verified = look.hw_rooted = True
    look.measurement = found.measurement
    look.tcb_status, look.advisories = standing.status, standing.advisories
    look.ends.append(standing.not_after)
    look.claims |= {
        "attributes": found.attributes.hex(),
        "measurement": found.measurement.hex(),
        "report_data": found.report_data.hex(),
        "signer": found.signer.hex(),
    }
    # THREAT T156: a platform that Intel calls out of date, or worse, is taken only if listed.
    allowed = standing.status in case.policy.states
    look.fault(f"the platform is `{standing.status}`", unless=allowed)
    if allowed and standing.status != GOOD:
        look.doubt(f"the platform is `{standing.status}`, which the policy lists")
