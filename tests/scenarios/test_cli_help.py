"""Help comes at once, because nothing is loaded for it."""

import subprocess
import sys

import pytest

LIGHT = """
import sys
from sealhold.__main__ import main
code = main({argv!r})
heavy = ("sealhold.node", "rich", "starlette", "uvicorn", "duckdb", "cryptography", "sqlcipher3")
print([name for name in heavy if name in sys.modules], code)
"""


@pytest.mark.parametrize(
    ("argv", "code"), [(["--help"], 0), (["request", "--help"], 0), (["nonsense"], 2)]
)
def test_help_and_typing_errors_load_no_vault(argv: list[str], code: int) -> None:
    told = subprocess.run(
        [sys.executable, "-c", LIGHT.format(argv=argv)],
        capture_output=True,
        text=True,
        check=True,
    )

    assert told.stdout.splitlines()[-1] == f"[] {code}"
