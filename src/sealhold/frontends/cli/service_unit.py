"""`sealhold service print-unit`."""

import getpass
import sys
from pathlib import Path
from string import Template
from typing import Annotated

import typer

from sealhold.frontends.cli.opening import folder_of
from sealhold.frontends.cli.out import Line, emit
from sealhold.frontends.cli.serve import PORT
from sealhold.frontends.cli.session import Session
from sealhold.model.errors import UsageError

# What is not shut: memory that is written and then run, for compiled programs; new namespaces,
# for the cells in which programs of others run; and the kernel's table of connections, by which
# the service tells whose program calls.
UNIT = Template("""\
# Written by `sealhold service print-unit`; docs/howto/operate.md says where it goes.
[Unit]
Description=sealhold, a vault for personal data
After=network.target

[Service]
Type=exec
User=$user
ExecStart=$python -m sealhold --home $home serve --port $port --no-browser --log
${key}Restart=on-failure
RestartSec=2
TimeoutStopSec=60
UMask=0077
LimitCORE=0
MemorySwapMax=0
ReadWritePaths=$home
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
PrivateMounts=yes
ProtectProc=invisible
ProtectClock=yes
ProtectHostname=yes
ProtectControlGroups=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RemoveIPC=yes
KeyringMode=private
SystemCallArchitectures=native
SystemCallErrorNumber=EPERM
SystemCallFilter=~@clock @cpu-emulation @debug @module @obsolete @raw-io @reboot @swap

[Install]
WantedBy=multi-user.target
""")


def service_unit(
    context: typer.Context,
    port: Annotated[int, typer.Option(metavar="N", help="Which port.", min=1, max=65535)] = PORT,
    user: Annotated[
        str, typer.Option(metavar="NAME", help="Whose vault it is; you, if nothing is said.")
    ] = "",
    key_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Of a vault that opens with one; else it starts locked."),
    ] = None,
) -> None:
    """Print a systemd unit that serves this vault, hardened.

    Without a key file the vault starts locked, and is opened on its page or by
    `POST /v1/auth/sessions`. No secret stands in the unit.
    """
    session = Session.of(context)
    key = "" if key_file is None else f"Environment=SEALHOLD_KEY_FILE={_plain(key_file)}\n"
    text = UNIT.substitute(
        user=user or getpass.getuser(),
        python=_plain(Path(sys.executable)),
        home=_plain(folder_of(session)),
        port=port,
        key=key,
    )
    emit(session, {"unit": text}, *(Line(line) for line in text.rstrip("\n").split("\n")))


def _plain(path: Path) -> str:
    """Return a whole path as a unit takes it.

    Raises:
        UsageError: it holds what a unit would read as something else.
    """
    text = str(path.absolute())
    # THREAT T285: a folder's name that ends its line would set what it likes in the unit
    if not text.isprintable() or any(letter in text for letter in " \t\"'\\%$;#"):
        raise UsageError("a unit takes paths without spaces, quotes and signs of its own")
    return text
