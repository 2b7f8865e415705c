"""A token of software: this vault says so, and nothing but its key vouches for it.

- The key is the one that the reader knows the device by; the token's own word names no key.
- Integrity is `sw`, it is never rooted in hardware, and so never better than `WARNING`.

Source: docs/spec/21-evidence.md section 8.
"""

from sealhold.compute.attest import eat
from sealhold.compute.attest.collateral import Collateral, SwCollateral
from sealhold.compute.attest.judging import Case, JudgedVerifier, Look
from sealhold.compute.attest.kinds import Kind
from sealhold.crypto import cose


class SwVerifier(JudgedVerifier):
    """Appraises tokens of software."""

    kind = Kind.SW

    def look_at(self, look: Look, case: Case, collateral: Collateral | None) -> None:
        _look(look, case, collateral)


def _look(look: Look, case: Case, collateral: Collateral | None) -> None:
    message = cose.read(case.evidence.data, tagged=True)
    look.fault("something in it is signed by nobody", unless=not message.unprotected)
    token = eat.read(message.payload)
    look.debug = token.is_debug
    look.fault("the nonce in it is another", unless=token.nonce == case.nonce)
    bound = token.report_data == case.evidence.report_data
    look.fault("the report data differs from what it claims", unless=bound)
    if not isinstance(collateral, SwCollateral):
        raise look.needs("the device's public key")
    # THREAT T153: hw_rooted stays false here; no line of this file can set it.
    cose.verify(message, collateral.device_key, algorithm=cose.Algorithm.EDDSA)
    named = token.device == eat.device_name(collateral.device_key)
    look.fault("it names another device than its key", unless=named)
    look.verified = True
    look.signed_at = token.made_at
    look.measurement = token.measurement
    look.claims |= {
        "device": token.device.hex(),
        "measurement": token.measurement.hex(),
        "report_data": token.report_data.hex(),
    }
