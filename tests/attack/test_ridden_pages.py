"""Pages of sources that somebody else rides on, or that show what is not so any more."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sealhold.model.errors import ConflictError, WrongPassphraseError
from sealhold.model.ids import canonical
from sealhold.vault.steering import Steering
from tests.scenarios.steering import added, draft, read
from tests.scenarios.vaults import PASSPHRASE, Hands, new_home, opened


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Steering]:
    clock = Hands()
    with opened(new_home(tmp_path_factory.mktemp("home") / "vault", clock), clock) as node:
        yield node.sources.places


@pytest.mark.threat("T432")
def test_a_place_is_looked_at_and_added_with_the_passphrase_alone(
    places: Steering, tmp_path: Path
) -> None:
    wanted = draft(tmp_path / "plans", "plans")
    before = places.all()
    for act in (places.look, places.add):
        with pytest.raises(WrongPassphraseError):
            act(wanted, "another one")
    assert places.all() == before

    assert places.look(wanted, PASSPHRASE).sentence == "1 files"
    assert places.all() == before
    view = places.add(wanted, PASSPHRASE)

    assert (view.source.state, view.settings) == ("added", (("place", wanted.place),))
    assert {"folder", "imap", "push"} <= {each.kind for each in places.kinds()}
    with pytest.raises(ConflictError, match="called"):
        places.add(wanted, PASSPHRASE)


@pytest.mark.threat("T433")
def test_what_cannot_be_undone_is_done_to_a_source_as_it_was_shown_alone(
    places: Steering, tmp_path: Path
) -> None:
    id_text, before = added(places, tmp_path, "moved")
    now = read(places, id_text)
    job = canonical(now.readings[0].id)

    assert before.digest != now.digest
    with pytest.raises(ConflictError, match="as it was shown"):
        places.remove(id_text, before.digest, PASSPHRASE)
    with pytest.raises(ConflictError, match="as it was shown"):
        places.set_mode(id_text, "federate", before.digest, PASSPHRASE)
    with pytest.raises(ConflictError, match="as it was shown"):
        places.take_back(id_text, job, before.digest, PASSPHRASE)
    with pytest.raises(WrongPassphraseError):
        places.remove(id_text, now.digest, "another one")
    assert places.show(id_text) == now
