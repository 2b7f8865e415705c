"""What all tests share: how many examples, no sockets where none belong, and a count of skips.

- Profiles of Hypothesis: `dev`, `ci` (the same examples each time) and `soak` (many), chosen by
  HYPOTHESIS_PROFILE, else by CI.
- Tests in NO_SOCKETS open no socket.
- Tests of a module that makes something once for all of them go to one worker, so that it is made
  once; folders with long tests come first, so that no worker is left alone with one at the end.
- Workers compile the tests, and what these import, together: tests/compiled.py. They tell of a test
  only what is shown: tests/quieter.py.
- Temporary files lie in memory: tests/inmemory.py.
- What was skipped is told with its reason before the closing line. With CI=true a skip is a
  failure, unless tools/skips.toml holds its reason.
- How each promise stands is told by its name: tests/promises.py.
- A test that reads public samples takes the fixture `shared`; they lie beside the repository, or
  where SEALHOLD_SHARED says.
"""

import gc
import os
import re
import tomllib
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.compiled import compile_share
from tests.inmemory import live_in_memory
from tests.promises import note_promises, outcomes_of, standing
from tests.quieter import tell_less

ROOT = Path(__file__).parents[1]
NO_SOCKETS = ("unit", "property", "vectors", "fuzz")
LONGEST_FIRST = ("scenarios", "conformance", "web", "attack", "transcripts", "property")
SELDOM = 20_000  # objects more than went, until garbage is looked for; it is found all the same
SKIPS = ROOT / "tools" / "skips.toml"
IN_CI = os.environ.get("CI") == "true"

settings.register_profile("dev", max_examples=100, deadline=None)
settings.register_profile("ci", max_examples=50, deadline=None, derandomize=True, print_blob=True)
settings.register_profile("soak", max_examples=5_000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if IN_CI else "dev"))


@pytest.fixture(scope="session")
def shared() -> Path:
    folder = Path(os.environ.get("SEALHOLD_SHARED") or ROOT.parent / "shared")
    if not (folder / "samples").is_dir():
        pytest.skip("sample files are not here: set SEALHOLD_SHARED")
    return folder


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    gc.set_threshold(SELDOM)
    live_in_memory(config)
    compile_share(config, ROOT / "tests", ROOT / "src")
    tell_less(config)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    silent = tuple(str(ROOT / "tests" / folder) + os.sep for folder in NO_SOCKETS)
    for item in items:
        if str(item.path).startswith(silent):
            item.add_marker(pytest.mark.disable_socket)
        note_promises(item)
    items.sort(key=lambda item: rank_of(item.path))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:  # noqa: ANN401 - theirs
    """Send what shares to one worker; xdist 3.8's own groups do nothing under pytest 9.2."""
    from xdist.scheduler import (  # type: ignore[import-untyped]  # noqa: PLC0415 - where it is loaded
        LoadScopeScheduling,
    )

    class Shared(LoadScopeScheduling):  # type: ignore[misc]  # reason: it has no types
        def _split_scope(self, nodeid: str) -> str:
            return shared_by(nodeid.partition("::")[0]) or nodeid

        def mark_test_complete(self, node: Any, item_index: int, duration: float = 0) -> None:  # noqa: ANN401, ARG002 - theirs
            """Forget what is done: theirs looks through all of it after each test."""
            done = self.registered_collections[node][item_index]
            scope, work = self._split_scope(done), self.assigned_work[node]
            work[scope][done] = True
            if all(work[scope].values()):
                del work[scope]
            self._reschedule(node)

    return Shared(config, log)


@cache
def shared_by(file: str) -> str:
    """Return what the tests of a file share: a group, what is made for the file, or nothing."""
    text = (ROOT / file).read_text()
    group = re.search(r'xdist_group\("([^"]+)"\)|\b(ONE_WORKER)\b', text)
    return group[0] if group else file if 'scope="module"' in text else ""


@cache
def rank_of(path: Path) -> int:
    """Return the place of a test file in LONGEST_FIRST, or the one behind all."""
    folder = path.relative_to(ROOT / "tests").parts[0]
    return ([*LONGEST_FIRST, folder]).index(folder)


def pytest_collection_finish() -> None:
    gc.freeze()  # thousands of tests stay to the end, and no collection need look at them


def skipped_for(config: pytest.Config) -> Counter[str]:
    """Return how many tests were skipped for each reason; an expected failure is no skip."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    reports = reporter.stats.get("skipped", []) if reporter else []
    return Counter(str(report.longrepr[2]).removeprefix("Skipped: ") for report in reports)


def not_excused(reasons: Counter[str]) -> list[str]:
    """Return the reasons that tools/skips.toml does not hold."""
    excused = tomllib.loads(SKIPS.read_text())
    return [why for why in reasons if not any(re.fullmatch(each, why) for each in excused)]


def pytest_sessionfinish(session: pytest.Session) -> None:
    is_worker = hasattr(session.config, "workerinput")
    if IN_CI and not is_worker and not_excused(skipped_for(session.config)):
        session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    told = list(standing(outcomes_of(terminalreporter.stats)))
    if told:
        terminalreporter.section("promises")
        terminalreporter.write("".join(f"{line}\n" for line in told))
    reasons = skipped_for(config)
    if not reasons:
        return
    terminalreporter.section("could not be run")
    failing = not_excused(reasons) if IN_CI else []
    for why, count in sorted(reasons.items()):
        verdict = "  <- a failure: not in tools/skips.toml" if why in failing else ""
        terminalreporter.write_line(f"{count} x {why}{verdict}")
