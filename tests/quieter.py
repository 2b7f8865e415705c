"""What workers tell of a test: how it ended, and nothing of what nobody shows.

A worker tells the process that shows the outcomes six things of each test, and both pay for each.
That it began, and that what came before and behind it passed, changes nothing that is shown; with
`--durations` or a report for a program it does.
"""

from typing import Any

import pytest


def tell_less(config: pytest.Config) -> None:
    """Let this worker leave out what nobody shows; as no worker, nothing changes."""
    if config.getoption("durations") is not None or config.getoption("xmlpath", None):
        return
    for plugin in config.pluginmanager.get_plugins():
        if type(plugin).__name__ == "WorkerInteractor":
            plugin.sendevent = _without_needless(plugin.sendevent)


def _without_needless(send: Any) -> Any:  # noqa: ANN401 - theirs
    def sendevent(name: str, **said: Any) -> None:  # noqa: ANN401 - theirs
        if not (name == "logstart" or (name == "testreport" and _is_needless(said["data"]))):
            send(name, **said)

    return sendevent


def _is_needless(report: dict[str, Any]) -> bool:
    return report["outcome"] == "passed" and report["when"] in {"setup", "teardown"}
