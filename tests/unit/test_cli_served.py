"""What is named in place of a command, while the vault is served, is there."""

from collections.abc import Iterator

import pytest

from sealhold.frontends.cli.errors import trouble
from sealhold.frontends.cli.lazy import Entry, Group
from sealhold.frontends.cli.served import SERVED
from sealhold.frontends.cli.tree import tree
from sealhold.frontends.http.api import Role
from sealhold.frontends.http.services import API_ROUTES
from sealhold.frontends.web.assets import Assets
from sealhold.frontends.web.routes import page_routes
from sealhold.model.errors import StoreBusyError


def commands(group: Group, before: str = "") -> Iterator[str]:
    for word, entry in group.entries.items():
        if isinstance(entry, Entry):
            yield f"{before}{word}"
        else:
            yield from commands(entry, f"{before}{word} ")


def test_each_is_a_command_a_page_and_a_route_of_the_owner() -> None:
    routes = {f"{each.method} {each.path}" for each in API_ROUTES if Role.OWNER in each.roles}
    pages = {each.path for each in page_routes(Assets())}

    assert SERVED.keys() <= {*commands(tree({}))}
    assert {way.route for way in SERVED.values() if way.route} <= routes
    assert all(way.page or way.route for way in SERVED.values())
    assert {way.page for way in SERVED.values() if way.page} <= pages


@pytest.mark.parametrize("command", SERVED)
def test_a_vault_that_is_served_is_told_from_one_that_another_command_has(command: str) -> None:
    told = trouble(StoreBusyError("open"), tuple(command.split()))

    assert SERVED[command].route in told.remedy
    assert "or wait until it is done" in told.remedy


def test_a_command_that_nothing_does_while_it_is_served_says_to_stop_it() -> None:
    told = trouble(StoreBusyError("open"), ("key", "close-epoch"))

    assert told.remedy == StoreBusyError.remedy()
