"""Known answers for tags, sums and heads of rows: made from spec 63 alone."""

import pytest

from sealhold.crypto.rowtags import SUM_BYTES, RowTags, root
from sealhold.crypto.secret import Secret

from .known import Args, cases, check


def tags(args: Args) -> RowTags:
    key = Secret(bytes.fromhex(args["key"]), "vector key")
    return RowTags(key, args["table"], args.get("columns", ()))


def tag(args: Args) -> str:
    cells = [None if each is None else bytes.fromhex(each) for each in args["cells"]]
    made = tags(args).tag(args["row"], args["version"], cells)
    assert tags(args).fits(made, args["row"], args["version"], cells)
    return made.hex()


def number(args: Args) -> str:
    return tags(args).number(args["row"], args["version"]).to_bytes(SUM_BYTES).hex()


def head(args: Args) -> str:
    parts = [(table, part, int(total, 16)) for table, part, total in args["parts"]]
    return root(args["epoch"], parts).hex()


CALLS = {"tag": tag, "number": number, "head": head}
CASES = cases("63-integrity-of-rows")


@pytest.mark.parametrize("case", CASES)
def test_a_vector_of_rows_holds(case: Args) -> None:
    check(CALLS, case)


def test_every_call_of_rows_has_a_vector() -> None:
    assert {param.values[0]["call"] for param in CASES} == set(CALLS)
