"""The kinds of evidence: what stands behind it, from a key in software to an enclave."""

from enum import StrEnum


class Kind(StrEnum):
    """What stands behind evidence; the names of a task manifest."""

    SW = "sw"  # a key in software
    TPM2 = "tpm2"  # a TPM 2.0
    SGX = "sgx"  # an enclave of Intel's
    TDX = "tdx"  # a trust domain of Intel's
    SNP = "snp"  # a guest of AMD's SEV-SNP
    NITRO = "nitro"  # an enclave of AWS Nitro


HIDING = frozenset({Kind.SGX, Kind.TDX, Kind.SNP, Kind.NITRO})  # memory closed to their owner


def meets(told: Kind, demanded: Kind) -> bool:
    """Return whether evidence of kind `told` is of the kind that somebody demands, or above it.

    Anything is at least software, and what hides its memory also measures what it runs, as a TPM
    does. Of the kinds that hide their memory none stands for another.
    """
    match demanded:
        case Kind.SW:
            return True
        case Kind.TPM2:
            return told is not Kind.SW
        case _:
            return told is demanded
