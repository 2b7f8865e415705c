"""Settings by which a provider would read another text than the proxy did."""

from collections.abc import Iterator

import pytest

from tests.proxying.addresses import Address
from tests.proxying.cluster import Cluster, cluster
from tests.proxying.markers import PLANTED, text
from tests.proxying.starting import policy_for, start_proxy
from tests.proxying.talking import Talk

DATABASE = "rented"
# one string by the standard; where `\'` is a quote in a string, an INSERT as well
TWO_FACED = rf"SELECT 'a\''; INSERT INTO planted (name) VALUES ($${text(1)}$$); SELECT ''b'"
OFF = [
    "SET standard_conforming_strings = off",
    "SET LOCAL standard_conforming_strings TO 'false'",
    'SET SESSION "Standard_Conforming_Strings" = 0',
    "SET transform_null_equals = on",
    "SET array_nulls = off",
    "SET bytea_output = escape",
    "SET extra_float_digits = 0",
    "SET role = postgres",
]


@pytest.fixture(scope="module")
def rented() -> Iterator[Cluster]:
    with cluster("all") as started:
        yield started


@pytest.fixture(scope="module")
def proxy(rented: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    folder = tmp_path_factory.mktemp("proxy")
    with start_proxy(policy_for(rented, (PLANTED,)), folder) as started:
        yield started.address


@pytest.mark.threat("T653")
@pytest.mark.parametrize("statement", OFF)
def test_a_client_cannot_set_what_changes_the_meaning_of_a_text(
    proxy: Address, statement: str
) -> None:
    with Talk(proxy) as link:
        refused = link.say(statement)[-1]

        assert (refused.kind, refused.sqlstate) == ("error", "SH002")
        assert link.rows(r"SELECT 'a\'") == [("a\\",)]


@pytest.mark.threat("T653")
@pytest.mark.parametrize(
    "options",
    [
        "options='-c standard_conforming_strings=off'",
        "options='-c Standard_Conforming_Strings=off'",
        "options='-cbytea_output=escape'",
        "options='--role=postgres'",
    ],
)
def test_a_session_cannot_begin_with_such_a_setting(proxy: Address, options: str) -> None:
    with pytest.raises(ConnectionError, match="SET"):
        Talk(proxy, options=options)


@pytest.mark.threat("T653")
def test_the_provider_s_own_configuration_does_not_hold_in_sessions(
    rented: Cluster, proxy: Address
) -> None:
    rented.run(f"ALTER DATABASE {DATABASE} SET standard_conforming_strings = off", DATABASE)
    rented.run(f"ALTER DATABASE {DATABASE} SET bytea_output = escape", DATABASE)
    try:
        with Talk(proxy) as link:
            assert link.rows("SHOW standard_conforming_strings") == [("on",)]
            assert link.rows("SHOW bytea_output") == [("hex",)]
            link.say("RESET ALL")
            assert link.rows("SHOW standard_conforming_strings") == [("on",)]
    finally:
        rented.run(f"ALTER DATABASE {DATABASE} RESET ALL", DATABASE)


@pytest.mark.threat("T653")
def test_a_function_of_the_provider_that_changes_it_ends_the_session(
    rented: Cluster, proxy: Address
) -> None:
    rented.run(
        "CREATE OR REPLACE FUNCTION turned() RETURNS text LANGUAGE sql AS"
        " $$ SELECT set_config('standard_conforming_strings', 'off', false) $$",
        DATABASE,
    )
    begun = len(rented.log.read_bytes())
    with Talk(proxy) as link:
        link.say("SELECT turned()")
        after = link.say(TWO_FACED)[-1]

    assert after.kind in {"error", "lost"}
    assert text(1) not in rented.log.read_bytes()[begun:].decode(errors="replace")
