"""SQLAlchemy's own tests of what a database must do, run against one end.

- They come with the package: inserts, selects, results, types, row counts, updates, common tables.
- Their tables are made by themselves, anew for each test; `TABLES` says what the policy hides of
  them. A table that has other columns each time is left in clear.
"""

import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.proxying.addresses import Address
from tests.proxying.tables import Col, Table
from tests.proxying.worlds import KEY, clear, hidden

PARTS: Final = ("insert", "select", "results", "types", "rowcount", "update_delete", "cte")
LEFT_OUT: Final = "not DistinctOnTest"  # it asks for a warning of other databases
SCHEMA: Final = "CREATE SCHEMA test_schema"
CONFTEST: Final = """import pytest
pytest.register_assert_rewrite("sqlalchemy.testing.assertions")
from sqlalchemy.testing.plugin.pytestplugin import *
"""
SETTINGS: Final = """[tool:pytest]
[sqla_testing]
requirement_cls=sqlalchemy.testing.requirements:SuiteRequirements
profile_file=profiles.txt
"""


def _table(name: str, *columns: Col, key: str = "id") -> Table:
    own = (KEY, *columns) if key == "id" else columns
    return Table(name=name, dataset="suite", rows=0, columns=own, key=(key,))


def _some(name: str, kind: str, protect: str) -> Col:
    return hidden(name, kind, protect, lambda *_: None)


DATA: Final = _some("data", "character varying(50)", "match")
TABLES: Final = (
    *(_table(name, DATA) for name in (
        "autoinc_pk", "manual_pk", "plain_pk", "no_implicit_returning", "stuff", "test_table",
    )),
    _table("includes_defaults", DATA, _some("x", "integer", "order"),
           _some("y", "integer", "sealed")),
    _table("integer_table", _some("integer_data", "bigint", "match order")),
    _table("boolean_table", _some("value", "boolean", "match"),
           _some("unconstrained_value", "boolean", "sealed")),
    _table("binary_table", _some("binary_data", "bytea", "match"),
           _some("pickle_data", "bytea", "sealed")),
    _table("text_table", _some("text_data", "text", "match")),
    _table("uuid_table", _some("uuid_data", "uuid", "match"),
           _some("uuid_text_data", "uuid", "match"),
           _some("uuid_data_nonnative", "character(32)", "match"),
           _some("uuid_text_data_nonnative", "character(32)", "sealed")),
    _table("is_distinct_test", _some("col_a", "integer", "match"),
           _some("col_b", "integer", "match")),
    _table("employees", clear("employee_id", "integer", lambda *_: None),
           _some("name", "character varying(50)", "sealed"),
           _some("department", "character varying(1)", "deterministic"), key="employee_id"),
    _table("has_dates", _some("today", "timestamp without time zone", "order")),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Went:
    """How the tests went at one end."""

    passed: frozenset[str]
    refused: frozenset[str]  # failed by a refusal of the proxy
    failed: dict[str, str]  # failed else, with what was said


def run_suite(address: Address, folder: Path) -> Went:
    """Run the tests in a process of its own, with files in `folder`."""
    lines = [f"from sqlalchemy.testing.suite.test_{part} import *" for part in PARTS]
    (folder / "test_suite.py").write_text("\n".join(lines) + "\n")
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "setup.cfg").write_text(SETTINGS)
    report = folder / "report.xml"
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:xdist", "-c",
         "setup.cfg", "--tb=short", "--maxfail=1000", "-k", LEFT_OUT, f"--junitxml={report}",
         "--dburi", address.url("postgresql+psycopg"), "test_suite.py"],
        cwd=folder, check=False, capture_output=True, timeout=600,
    )  # fmt: skip
    passed, refused, failed = set(), set(), {}
    for case in ET.parse(report).iter("testcase"):
        name = f"{case.get('classname', '').partition('_postgresql')[0]}::{case.get('name')}"
        bad = [*case.findall("failure"), *case.findall("error")]
        said = " ".join((each.text or "") + (each.get("message") or "") for each in bad)
        if not bad and case.find("skipped") is None:
            passed.add(name)
        elif any(f"SH00{code}" in said or "not possible on" in said for code in "1267"):
            refused.add(name)
        elif bad:
            failed[name] = said[-600:]
    return Went(frozenset(passed), frozenset(refused), failed)
