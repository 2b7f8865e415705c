"""Known answers for protected columns: ours, made from spec 55 alone, and the standards'."""

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from sealhold.crypto.cellseal import NONCE_BYTES, CellSealer
from sealhold.crypto.ff1 import Ff1
from sealhold.crypto.ope import OrderTerms
from sealhold.crypto.secret import Secret
from sealhold.crypto.siv import Siv
from sealhold.crypto.sse import Entry, WordKey, word_key
from sealhold.crypto.sumcheck import SumCheck, places
from sealhold.crypto.tags import Tag
from sealhold.crypto.terms import EqualityTerms
from sealhold.protect.columnkeys import Derived

from .known import Args, cases, check


def secret(args: Args) -> Secret:
    return Secret(bytes.fromhex(args["key"]), "vector key")


def column_key(args: Args) -> str:
    derived = Derived(lambda _dataset: secret(args))
    names = (args["dataset"], args["technique"], args["domain"])
    return derived.column_key(*names, args["version"]).reveal().hex()


def sealer(args: Args) -> CellSealer:
    nonce = bytes.fromhex(args.get("nonce", "00" * NONCE_BYTES))
    dataset, table, column, type_ = args["place"]
    place = (dataset, table, column, type_)
    return CellSealer(
        lambda _version: secret(args), args["version"], place, lambda _count: nonce, args["pad"]
    )


def rows(args: Args) -> list[int] | None:
    return None if args["row"] is None else [args["row"]]


def pair(args: Args) -> str:
    entry = Entry(args["row"], removed=args["removed"])
    made = WordKey(bytes.fromhex(args["key"])).seal(args["counter"], entry)
    return f"{made.label.hex()} {made.value.hex()}"


def open_pair(args: Args) -> str:
    key = WordKey(bytes.fromhex(args["key"]))
    entry = key.open(args["counter"], bytes.fromhex(args["value"]))
    return f"{entry.row} {entry.removed}"


def word(args: Args) -> str:
    key = word_key(secret(args), args["epoch"], bytes.fromhex(args["word"]))
    made = key.seal(0, Entry(args["row"], removed=False))
    return f"{made.label.hex()} {made.value.hex()}"


def sum_check(args: Args) -> int:
    check = SumCheck(secret(args), len(args["limbs"]), args["prime"])
    limbs = [[limb] for limb in args["limbs"]]
    return check.checks(places([args["row"]], [args["turn"]]), limbs)[0]


def siv(args: Args) -> Siv:
    return Siv(secret(args), Tag.DETERMINISTIC, args["place"].encode())


def aes_siv(args: Args) -> str:
    cipher = AESSIV(bytes.fromhex(args["key"]))
    places = [bytes.fromhex(each) for each in args["ad"]]
    return cipher.encrypt(bytes.fromhex(args["plain"]), places).hex()


def ff1(args: Args) -> str:
    cipher = Ff1(secret(args), args["alphabet"], bytes.fromhex(args["tweak"]))
    (made,) = cipher.encrypt([args["text"]])
    assert cipher.decrypt([made]) == [args["text"]]
    return made


CALLS = {
    "column_key": column_key,
    "seal_cell": lambda a: sealer(a).seal([bytes.fromhex(a["value"])], rows(a))[0].hex(),
    "open_cell": lambda a: sealer(a).open([bytes.fromhex(a["cell"])], rows(a))[0].hex(),
    "term": lambda a: (
        EqualityTerms(secret(a), a["bits"]).terms([bytes.fromhex(a["value"])])[0].hex()
    ),
    "order": lambda a: OrderTerms(secret(a)).terms([a["number"]], a["bits"])[0].hex(),
    "siv": lambda a: siv(a).seal([bytes.fromhex(a["value"])])[0].hex(),
    "siv_open": lambda a: siv(a).open([bytes.fromhex(a["sealed"])])[0].hex(),
    "pair": pair,
    "open_pair": open_pair,
    "word": word,
    "check": sum_check,
    "aes_siv": aes_siv,
    "ff1": ff1,
}
CASES = cases("55-protected-columns", "published/columns")


@pytest.mark.parametrize("case", CASES)
def test_a_vector_of_protected_columns_holds(case: Args) -> None:
    check(CALLS, case)


def test_every_call_of_protected_columns_has_a_vector() -> None:
    assert {param.values[0]["call"] for param in CASES} == set(CALLS)
