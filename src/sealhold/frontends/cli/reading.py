"""Files that a command is given: read whole, up to a limit, and told apart from those too large.

Source: docs/spec/20-faces.md section 8.
"""

from pathlib import Path

from sealhold.frontends.cli.out import safe
from sealhold.model.errors import InvalidError, NoFileError


def read_file(path: Path, most: int) -> bytes:
    """Return the content of a file that has at most `most` bytes.

    Raises:
        NoFileError: it is not there, or cannot be read.
        InvalidError: it is larger; no more of it was read.
    """
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as err:
        raise NoFileError(f"no file `{safe(str(path))}`") from err
    if len(content) > most:
        raise InvalidError(f"`{safe(str(path))}` is too large: more than {most:,} bytes")
    return content
