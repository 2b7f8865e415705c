"""What the page of a month's statement says around it.

Source: docs/spec/20-faces.md section 4.
"""

from collections.abc import Mapping

STATEMENT: Mapping[str, str] = {
    "statement.title": "Statement",
    "statement.say": "Who used what for what in a month. Each figure is a sum over the log.",
    "statement.before": "Month before",
    "statement.after": "Next month",
    "statement.page": "In a minute",
    "statement.detail": "Each line",
    "statement.pause": "Pause",
    "statement.entry": "entry {number}",
    "statement.app": "Let it ask again",
    "statement.none": "No entry of the log is of this month",
    "statement.paper": "Signed paper",
    "statement.file": "As one file",
    "statement.log": "The log, to check it by",
}
