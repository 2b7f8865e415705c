"""P1 to P11 over HTTP, on SQLCipher and on PostgreSQL: each holds, in the same words on both.

Acceptance A1 of the service: docs/spec/33-acceptance.md.
"""

import re
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.scenarios.promised import STORIES, Teller, teller
from tests.scenarios.records_site import STORES
from tests.scenarios.transcribed import Transcript, Written
from tests.transcripts.cli import Cli

pytestmark = pytest.mark.xdist_group("promises")  # two services are started once


@pytest.fixture(scope="module")
def tellers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Teller]]:
    folders = [tmp_path_factory.mktemp(store) for store in STORES]
    with ExitStack() as stack:
        yield [
            stack.enter_context(teller(folder, store))
            for folder, store in zip(folders, STORES, strict=True)
        ]
    for folder in folders:
        checked = Cli(folder).line("audit verify")
        assert checked.code == 0, checked.out + checked.err


@pytest.mark.parametrize(
    "promise", [pytest.param(name, marks=pytest.mark.promise(name)) for name in STORIES]
)
def test_a1_a_promise_holds_on_both_stores_in_the_same_words(
    tellers: list[Teller], promise: str
) -> None:
    told: list[Transcript] = []

    for on in tellers:
        on.told = Written(on.site.port)
        STORIES[promise](on)
        told.append(on.told.transcript)

    assert told[0].lines == told[1].lines
    assert len(told[0].lines) >= 3
    assert not [line for line in told[0].lines if re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-", line)]
