"""The peer of the service's bench that commits each request by itself: that it really does."""

import re
from pathlib import Path

import pytest

from sealhold.bench import aloneserve
from sealhold.frontends.http import arriving
from sealhold.stores.spec import MAX_UNITS
from sealhold.vault import pieces
from sealhold.vault.pieces import Line, Piece, Work

MODULES = {"pieces": pieces, "arriving": arriving}


def test_what_the_peer_sets_is_there_to_be_set() -> None:
    named = re.findall(r'setattr\((\w+), "(\w+)"', Path(aloneserve.__file__).read_text())

    assert len(named) == 2
    assert all(hasattr(MODULES[module], name) for module, name in named)


@pytest.mark.parametrize(("most", "taken"), [(1, 1), (MAX_UNITS, 5)])
def test_a_batch_has_as_many_pieces_as_it_may(
    monkeypatch: pytest.MonkeyPatch, most: int, taken: int
) -> None:
    monkeypatch.setattr(pieces, "MAX_UNITS", most)
    line = Line()
    line.put([Piece([Work((), ())]) for _ in range(5)])

    assert len(line.take(1.0) or ()) == taken
