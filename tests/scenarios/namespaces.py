"""A home network of its own: machines that are network namespaces, at one bridge."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import pytest


def run(*words: str) -> None:
    """Run `ip`."""
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=20)


def inside(name: str, *words: str) -> list[str]:
    """Return a command as it is run on a machine of the network."""
    return ["ip", "netns", "exec", name, *words]


@contextmanager
def home_network(*names: str) -> Iterator[dict[str, str]]:
    """Lend machines by these names: the name of each namespace, with address 10.77.0.N from 1 on.

    Each has `20.0.0.N`, too, which is public and leads nowhere.
    """
    if os.geteuid() or shutil.which("ip") is None:
        pytest.skip("needs root and iproute2, for networks of its own")
    mark = f"sh{os.getpid() % 100_000}"
    try:
        run("netns", "add", f"{mark}-hub")
    except subprocess.CalledProcessError:
        pytest.skip("this machine makes no network namespaces")
    with ExitStack() as stack:
        stack.callback(run, "netns", "del", f"{mark}-hub")
        _in(
            f"{mark}-hub",
            ["link", "add", "bridge", "type", "bridge"],
            ["link", "set", "bridge", "up"],
        )
        found = {}
        for number, name in enumerate(names, 1):
            space, cable = f"{mark}-{name}", f"cable{number}"
            run("netns", "add", space)
            stack.callback(run, "netns", "del", space)
            _in(
                space,
                [
                    "link",
                    "add",
                    "home",
                    "type",
                    "veth",
                    "peer",
                    "name",
                    cable,
                    "netns",
                    f"{mark}-hub",
                ],
            )
            _in(
                f"{mark}-hub",
                ["link", "set", cable, "master", "bridge"],
                ["link", "set", cable, "up"],
            )
            _in(
                space,
                ["link", "set", "lo", "up"],
                ["addr", "add", f"10.77.0.{number}/24", "dev", "home"],
                ["addr", "add", f"20.0.0.{number}/24", "dev", "home"],
                ["link", "set", "home", "up"],
            )
            found[name] = space
        yield found


def _in(space: str, *commands: Sequence[str]) -> None:
    for words in commands:
        run("-n", space, *words)
