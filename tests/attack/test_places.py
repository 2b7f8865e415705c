"""Files of phones, cameras and meters that were made to harm: each ends in a named refusal."""

import pytest

from sealhold.connectors.sources.apple_health import AppleHealth
from tests.unit.connector_reading import outcome, read

BODY = "<HealthData><Me a='&a;'/></HealthData>"


@pytest.mark.threat("T387")
@pytest.mark.parametrize(
    "declared",
    [
        '[<!ENTITY a "x"><!ENTITY b "&a;&a;&a;">]',
        '[<!ENTITY a SYSTEM "file:///etc/passwd">]',
        '[<!ENTITY % a SYSTEM "http://127.0.0.1/a.dtd"> %a;]',
        'SYSTEM "http://127.0.0.1/a.dtd"',
        'PUBLIC "x" "http://127.0.0.1/a.dtd" []',
        '[<!-- x --><!ENTITY a "x">]',
        "[" + "<!ELEMENT a (b)>" * 20_000 + "]",
    ],
)
def test_a_declaration_of_a_health_export_defines_nothing(declared: str) -> None:
    content = f"<!DOCTYPE HealthData {declared}>{BODY}"

    assert outcome(AppleHealth(), content) == (0, ["broken"])


@pytest.mark.threat("T387")
def test_a_second_declaration_and_one_in_another_charset_are_refused() -> None:
    twice = '<!DOCTYPE HealthData []><!DOCTYPE HealthData [<!ENTITY a "x">]>' + BODY
    wide = ('<!DOCTYPE HealthData [<!ENTITY a "x">]>' + BODY).encode("utf-16")

    assert outcome(AppleHealth(), twice) == (0, ["broken"])
    assert outcome(AppleHealth(), wide) == (0, ["broken"])


@pytest.mark.threat("T387")
def test_a_default_of_a_declaration_gives_no_element_anything() -> None:
    declared = '<!DOCTYPE HealthData [<!ATTLIST Me note CDATA "planted">]>'

    ((item,), rejects) = read(AppleHealth(), declared + "<HealthData><Me/></HealthData>")

    assert (rejects, item.raw) == ([], ["Me", {}, "", []])
