"""From checks to one verdict: what held, what did not, and what that means for the reader.

- Checks run in their order and end at the first that fails: the ones after it would speak of
  bytes that nobody vouches for.
- 0 all held; 3 all held, but the reader named no key to trust; 5 not a paper of this kind;
  6 not what was signed.
"""

from collections.abc import Collection, Iterator

from sealhold.crypto.sign import is_named, key_digest
from sealhold.model.errors import BadProofError, BadSignatureError, InvalidError, TamperedError
from sealhold.model.shown import Check, Verdict

HELD, UNTRUSTED, NO_PROOF, ALTERED = 0, 3, 5, 6  # exit codes


def no_proof(paper: str) -> Verdict:
    """Return the verdict on a file that is no `paper` at all."""
    return Verdict(checks=(), exit_code=NO_PROOF, sentence=f"This is not {paper}.")


def judge(paper: str, steps: Iterator[Check]) -> Verdict:
    """Return the verdict on a `paper` whose checks `steps` makes, failing by an error."""
    checks: list[Check] = []
    try:
        checks.extend(steps)
    except (InvalidError, TamperedError) as err:
        failed = Check(name=_step_of(err), held=False, detail=str(err))
        return Verdict(
            checks=(*checks, failed),
            exit_code=ALTERED,
            sentence=f"Do not trust {paper}: it is not what was signed ({err}).",
        )
    if not all(check.held for check in checks):
        return Verdict(
            checks=tuple(checks),
            exit_code=UNTRUSTED,
            sentence=f"Whole, but {paper} vouches for itself: compare its key with the owner's.",
        )
    return Verdict(
        checks=tuple(checks),
        exit_code=HELD,
        sentence=f"Everything in {paper} is as the key that you trust signed it.",
    )


def check_trust(public: bytes, pinned: Collection[bytes]) -> Check:
    """Return whether `public` is among the keys that the reader trusts, if any were named.

    `pinned` has such keys, or their digests.

    Raises:
        BadSignatureError: keys were named, and this is none of them.
    """
    if is_named(public, pinned):
        return Check(name="key", held=True, detail=f"{key_digest(public)}, one that you trust")
    if pinned:
        # THREAT T52: a right signature by a wrong key.
        raise BadSignatureError(f"signed by key {key_digest(public)}, which you do not trust")
    return Check(name="key", held=False, detail=f"{key_digest(public)}; you named no key to trust")


def _step_of(err: Exception) -> str:
    match err:
        case BadSignatureError():
            return "signature"
        case BadProofError():
            return "proof"
        case _:
            return "form"
