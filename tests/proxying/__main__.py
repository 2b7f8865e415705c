"""Run the oracle against a proxy of its own, and show what came of it.

Use: `python -m tests.proxying [MADE [SEED]]`, from the folder of the repository.
"""

import sys
import tempfile
from pathlib import Path

from tests.proxying.cases import written_cases
from tests.proxying.cluster import cluster
from tests.proxying.generating import generated
from tests.proxying.oracle import Oracle, ask_all
from tests.proxying.starting import policy_for, start_proxy
from tests.proxying.talking import Way
from tests.proxying.worlds import WORLDS


def main(arguments: list[str]) -> int:
    """Return 1 if anything was wrong."""
    made, seed = (*map(int, arguments), *(1_200, 1)[len(arguments) :])
    with (
        cluster() as rented,
        tempfile.TemporaryDirectory() as folder,
        start_proxy(policy_for(rented), Path(folder)) as proxy,
        Oracle(proxy.address, rented.address("plain")) as oracle,
    ):
        oracle.fill(WORLDS)
        for sql in oracle.views():
            rented.run(sql, "rented")
        for nth, case in enumerate([*written_cases(), *generated(made, seed)]):
            for _ in ask_all(
                oracle, [case], Way if case.feature[:4] != "made" else [[*Way][nth % 3]]
            ):
                pass
        sys.stdout.write(f"{oracle.report}\n")
        sys.stdout.write(f"{oracle.contents(WORLDS)}\n")
        sys.stdout.write((Path(folder) / "proxy.log").read_text()[-3_000:])
    return 1 if oracle.report.wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
