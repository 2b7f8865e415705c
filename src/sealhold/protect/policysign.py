"""The signature of a protection policy, and the chain of its versions.

- The envelope lies beside the file and holds the exact bytes that were signed; the file must be
  those bytes. What is served was signed by a key of the vault, which the caller names.
- A version follows the one in force: a number above it, and the digest of its bytes as `previous`.
  So nobody puts an older policy in the place of a newer one, and two people who both change the
  same version find out.

Source: docs/spec/16-protection-policy.md section 5; DSSE v1.0.2.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from sealhold.crypto import dsse
from sealhold.crypto.sign import SigningKey
from sealhold.model.errors import PolicyRefusedError
from sealhold.protect.policy import Policy
from sealhold.protect.policycheck import checked
from sealhold.protect.policyfile import MAX_POLICY

PAYLOAD_TYPE: Final = "application/vnd.sealhold.policy+toml"
SUFFIX: Final = ".dsse"  # behind the whole name of the file
MAX_ENVELOPE: Final = 2 * MAX_POLICY  # bytes; base64 is a third longer


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The version that was in force last, as the proxy remembers it."""

    name: str
    version: int
    digest: str  # sha256:HEX of its bytes


def sign_policy(data: bytes, key: SigningKey) -> bytes:
    """Return the envelope of a policy that has no error.

    Raises:
        InvalidPolicyError: it has one.
    """
    checked(data)
    return dsse.sign(PAYLOAD_TYPE, data, [key])


def open_policy(
    data: bytes, envelope: bytes | None, publics: Collection[bytes], last: Accepted | None
) -> Policy:
    """Return the policy to serve by.

    Args:
        data: the bytes of its file.
        envelope: what lies beside the file, or None if nothing does.
        publics: Ed25519 keys of 32 bytes of which one must have signed.
        last: the version that was in force, or None if there was none.

    Raises:
        PolicyRefusedError: not signed, other bytes than were signed, or no version after `last`.
        InvalidEncodingError: the envelope is none.
        BadSignatureError: none of `publics` signed it, or the signature does not fit.
        InvalidPolicyError: it has an error.
    """
    # THREAT T620: nothing is read of a policy before its signature held
    if envelope is None:
        raise PolicyRefusedError("the policy is not signed")
    opened = dsse.open(envelope, PAYLOAD_TYPE, publics)
    if opened.payload != data:
        raise PolicyRefusedError("the policy was changed after it was signed")
    policy = checked(opened.payload)
    if last is not None:
        check_follows(policy, last)
    return policy


def accepted(policy: Policy) -> Accepted:
    """Return what to remember of a policy that comes into force."""
    return Accepted(name=policy.name, version=policy.version, digest=policy.digest)


def check_follows(policy: Policy, last: Accepted) -> None:
    """Check that a policy is the one in force, or made from it.

    Raises:
        PolicyRefusedError: it is neither.
    """
    # THREAT T620: an older version, or one made from another, never takes the place of a newer one
    if policy.digest == last.digest:
        return
    if policy.name != last.name:
        raise PolicyRefusedError(f"policy `{policy.name}` is no version of `{last.name}`")
    if policy.version <= last.version:
        raise PolicyRefusedError(
            f"version {policy.version} of the policy is not above {last.version}, the last in force"
        )
    if policy.previous != last.digest:
        raise PolicyRefusedError(
            f"version {policy.version} of the policy was not made from the last in force,"
            f" version {last.version}"
        )
