"""The options by which a share is written down, as several commands take them."""

from pathlib import Path
from typing import Annotated

import typer

Name = Annotated[str, typer.Argument(metavar="NAME", help="How they see it called.")]
Objects = Annotated[
    list[str] | None,
    typer.Argument(metavar="OBJECT...", help="COLLECTION/PATH: a file, folder, document, or all."),
]
To = Annotated[list[str] | None, typer.Option(metavar="PERSON", help="With whom: a contact.")]
For = Annotated[
    list[str] | None, typer.Option("--for", metavar="PURPOSE", help="What for; repeat it.")
]
Until = Annotated[
    str, typer.Option(metavar="TIME", help="Until when: a date or `30d`; else without end.")
]
May = Annotated[
    str, typer.Option(metavar="ACTION,...", help="view, search, compute, edit, export, reshare")
]
CountOf = Annotated[int, typer.Option(metavar="N", help="At most so many uses.", min=0)]
PerWord = Annotated[str, typer.Option(metavar="WORD", help="Counted over: grant, person or day.")]
TierWord = Annotated[
    str, typer.Option(metavar="TIER", help="T0 to T3; else T3 with a task, T2 with a count, or T1.")
]
Dataset = Annotated[
    str, typer.Option(metavar="DATASET", help="Records instead of files, as they come.")
]
Rows = Annotated[str, typer.Option(metavar="FILTER", help="Which of them.")]
Omit = Annotated[list[str] | None, typer.Option(metavar="FIELD", help="Leave a field out.")]
Precision = Annotated[
    list[str] | None, typer.Option(metavar="RULE", help="Make it coarser: `round(km, 10)`.")
]
Task = Annotated[
    str, typer.Option(metavar="TASK", help="T3: the program that answers; its name or digest.")
]
DeleteAfter = Annotated[
    int, typer.Option(metavar="DAYS", help="They are to delete it after so many days.", min=0)
]
Unverified = Annotated[
    bool, typer.Option("--unverified", help="Also with somebody whose words nobody read.")
]
Answers = Annotated[
    str, typer.Option(metavar="SIGN,...", help="Findings that are meant so, by their signs.")
]
Fixes = Annotated[str, typer.Option(metavar="SIGN,...", help="Findings whose fix is to be taken.")]
AsShown = Annotated[
    str, typer.Option(metavar="PREVIEW", help="Only if it is what that preview showed.")
]
FromOdrl = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="What a policy in ODRL says, in place of other options."),
]
Yes = Annotated[bool, typer.Option("--yes", help="Make it without asking.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the preview alone.")]


def split(text: str) -> tuple[str, ...]:
    """Return the words between commas."""
    return tuple(each.strip() for each in text.split(",") if each.strip())
