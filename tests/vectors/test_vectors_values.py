"""Known forms of values: what a server of PostgreSQL 15 made of each text, or how it refused it."""

import json
from pathlib import Path
from typing import Any

import pytest

from sealhold.protect.pgtypes.codec import Settings, codec
from sealhold.protect.pgtypes.errors import PgValueError
from sealhold.protect.pgtypes.types import named

CASES: list[list[str]] = json.loads(
    (Path(__file__).parent / "57-values" / "text.json").read_text()
)["cases"]


def by_type() -> list[Any]:  # reason: pytest's own type of a parameter is private
    """Return the cases of each type and zone, as parameters of a test."""
    found: dict[tuple[str, str], list[list[str]]] = {}
    for case in CASES:
        found.setdefault((case[0], case[1]), []).append(case[2:])
    return [pytest.param(*key, cases, id=" ".join(key)) for key, cases in found.items()]


@pytest.mark.parametrize(("name", "zone", "cases"), by_type())
def test_text_means_and_is_written_as_on_the_server(
    name: str, zone: str, cases: list[list[str]]
) -> None:
    forms, settings = codec(named(name)), Settings(time_zone=zone)

    for text, *known in cases:
        try:
            binary = forms.to_binary(text.encode(), settings)
            found = [binary.hex(), forms.to_text(binary, settings).decode()]
        except PgValueError as err:
            found = [err.sqlstate]
        assert found == known, text


def test_what_the_server_stores_is_accepted_in_binary_form() -> None:
    for name, _, _, *known in CASES:
        if len(known) > 1:
            binary = bytes.fromhex(known[0])

            assert codec(named(name)).checked(binary) == binary
