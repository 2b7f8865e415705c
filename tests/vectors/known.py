"""Vectors that name a call, its arguments and its outcome: `ok` with a result, or a kind of no."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from sealhold.model.errors import ErrorKind, SealholdError

HERE = Path(__file__).parent

Args = dict[str, Any]  # reason: a vector is JSON, and each call checks its own part of it


def cases(*folders: str) -> list[Any]:  # reason: pytest's own type of a parameter is private
    """Return the vectors of some folders beside this file, as parameters of a test."""
    return [
        pytest.param(case, id=f"{file.parent.name}/{file.stem}: {case['name']}")
        for folder in folders
        for file in sorted((HERE / folder).glob("*.json"))
        for case in json.loads(file.read_text())["cases"]
    ]


def check(calls: Mapping[str, Callable[[Args], object]], case: Args) -> None:
    """Make the call of a vector, and compare."""
    call = calls[case["call"]]
    if case["outcome"] == "ok":
        assert call(case["in"]) == case["out"]
    else:
        with pytest.raises(SealholdError) as refused:
            call(case["in"])
        assert refused.value.kind is ErrorKind[case["outcome"]]
