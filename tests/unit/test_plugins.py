"""What is found by name: every dataset of a connector is known without loading the connector."""

import subprocess
import sys

from sealhold import plugins


def test_every_dataset_of_a_connector_is_named() -> None:
    filled = {each.name: each for found in plugins.sources().values() for each in found.datasets}
    assert filled == plugins.datasets()


def test_whoever_asks_for_datasets_loads_no_parser() -> None:
    asked = (
        "import sys; from sealhold import plugins; assert plugins.datasets(); "
        "print([each for each in sys.modules if each.startswith('sealhold.connectors.sources.')])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True
    )
    assert ended.stdout.strip() == "[]"
