"""`sealhold resource sign`."""

from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.appfolder import AppFolder, write_new
from sealhold.frontends.cli.opening import world_of
from sealhold.frontends.cli.out import Facts, Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.model.errors import NoFileError
from sealhold.node import appkit


def resource_sign(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What programs shall read.")],
    url: Annotated[
        str, typer.Option(metavar="URL", help="Where it will be given out; no other place counts.")
    ],
    number: Annotated[
        int, typer.Option(metavar="N", help="Of this version; later ones count up.", min=1)
    ],
    keys: Annotated[
        Path,
        typer.Option(metavar="DIR", help="The signer's folder; keys are made if it has none."),
    ] = Path("app-keys"),
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to write it; FILE.signed if not.")
    ] = None,
) -> None:
    """Sign a version of a file that programs in vaults read.

    Raises:
        NoFileError: there is no such file.
    """
    session = Session.of(context)
    try:
        content = file.read_bytes()
    except OSError as err:
        raise NoFileError(f"`{file}` cannot be read: {err.strerror}") from err
    signer = AppFolder(keys).keys_or_new(world_of(session).entropy)
    target = out or file.with_name(f"{file.name}.signed")
    write_new(target, appkit.sign_file(signer, url, number, content))
    emit(
        session,
        {"file": str(target), "url": url, "number": number, "signer": signer.public.hex()},
        Line("The file is signed.", "head"),
        Facts(
            [
                ("File", safe(str(target))),
                ("For", safe(url)),
                ("Number", str(number)),
                ("Signer", signer.public.hex()),
            ]
        ),
    )
