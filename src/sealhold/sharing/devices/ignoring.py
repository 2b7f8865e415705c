"""`.sealholdignore`: what in a folder is left alone.

- One pattern a line: `*`, `?` and `[...]` stand for characters of one name. With a `/` at its
  beginning or within, it is of the path from the top; else of a name at any depth. One that ends
  in `/` is of folders alone. Empty lines, and lines that begin with `#`, say nothing.
- A folder that is left alone is left alone with all in it.
- What the program itself puts into a folder is left alone always.

Source: docs/spec/47-folders.md section 5.
"""

import re
from dataclasses import dataclass
from fnmatch import translate

IGNORE_FILE = ".sealholdignore"
MAX_IGNORE = 65_536  # bytes; what is beyond it is not read
MAX_RULES = 1_000

Parts = tuple[re.Pattern[str], ...]


@dataclass(frozen=True, slots=True)
class Ignoring:
    """The patterns of one folder."""

    names: re.Pattern[str] | None = None
    folder_names: re.Pattern[str] | None = None
    paths: tuple[Parts, ...] = ()
    folder_paths: tuple[Parts, ...] = ()

    def leaves_out(self, path: str, name: str, *, is_folder: bool) -> bool:
        """Return whether what lies at `path`, and is called `name`, is left alone."""
        if _fits(self.names, name) or (self.paths and _lies(self.paths, path)):
            return True
        return is_folder and (_fits(self.folder_names, name) or _lies(self.folder_paths, path))


NONE = Ignoring()


def read_rules(data: bytes) -> Ignoring:
    """Return the rules that a file of rules says; what is no text is passed over."""
    names: dict[bool, list[str]] = {True: [], False: []}
    paths: dict[bool, list[Parts]] = {True: [], False: []}
    for line in data[:MAX_IGNORE].decode(errors="ignore").splitlines()[:MAX_RULES]:
        pattern = line.strip()
        if pattern.startswith("#") or not pattern.strip("/"):
            continue
        of_folders = pattern.endswith("/")
        if "/" in pattern.rstrip("/"):
            parts = pattern.strip("/").split("/")
            paths[of_folders].append(tuple(re.compile(translate(part)) for part in parts))
        else:
            names[of_folders].append(translate(pattern.strip("/")))
    return Ignoring(
        names=_any(names[False]),
        folder_names=_any(names[True]),
        paths=tuple(paths[False]),
        folder_paths=tuple(paths[True]),
    )


def _any(patterns: list[str]) -> re.Pattern[str] | None:
    return re.compile("|".join(patterns)) if patterns else None


def _fits(pattern: re.Pattern[str] | None, name: str) -> bool:
    return pattern is not None and pattern.match(name) is not None


def _lies(rules: tuple[Parts, ...], path: str) -> bool:
    names = path.split("/")
    return any(
        len(parts) == len(names)
        and all(part.match(name) for part, name in zip(parts, names, strict=True))
        for parts in rules
    )
