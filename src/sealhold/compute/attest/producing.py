"""Evidence that this machine can make by itself: software's word, and the seam for hardware.

- A producer is asked for bytes that bind a nonce to a statement and a key. Of the kinds, software
  and a TPM (`tpmtools`) can be asked here; for the others a producer is a plug-in that runs in
  such a machine and hands in the vendor's bytes for the same report data.

Source: docs/spec/21-evidence.md sections 8 and 9.
"""

from typing import Protocol

from sealhold.compute.attest import eat
from sealhold.compute.attest.kinds import Kind
from sealhold.compute.attest.spec import Binding, Evidence
from sealhold.crypto.sign import SigningKey
from sealhold.model.clock import Clock


class Producer(Protocol):
    """Makes evidence of one kind about the machine it runs on."""

    kind: Kind

    def produce(self, nonce: bytes, binding: Binding) -> Evidence:
        """Return evidence that answers `nonce` and is bound to what `binding` says.

        Raises:
            EvidenceUnavailableError: this machine cannot make it.
        """
        ...


class SoftwareProducer:
    """Says what runs, under the device's own key; no hardware stands behind it."""

    kind = Kind.SW

    def __init__(self, key: SigningKey, measurement: bytes, clock: Clock) -> None:
        self._key = key
        self._measurement = measurement  # 32 bytes
        self._clock = clock

    def produce(self, nonce: bytes, binding: Binding) -> Evidence:
        """Return a software token; `nonce` has 8 to 64 bytes."""
        report_data = binding.report_data(nonce)
        token = eat.SoftwareToken(
            made_at=self._clock(),
            nonce=nonce,
            device=eat.device_name(self._key.public),
            debug=eat.Debug.DISABLED,
            measurement=self._measurement,
            report_data=report_data,
        )
        data = eat.issue(token, self._key)
        return Evidence(kind=self.kind, data=data, nonce=nonce, report_data=report_data)
