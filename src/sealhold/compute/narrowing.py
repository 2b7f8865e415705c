"""A request on the terms that its owner sets: checked to be no wider, and read as it would be.

Source: docs/spec/07-grants.md section 4.5.
"""

from dataclasses import replace

from sealhold.compute.asked import Asked
from sealhold.compute.cards import is_narrower
from sealhold.model.errors import InvalidError
from sealhold.model.shown import Terms
from sealhold.policy.sight import Said, parse_sight


def narrowed(asked: Asked, terms: Terms) -> Asked:
    """Return the request as the program would see it on `terms`.

    Raises:
        InvalidError: they are wider than what was asked.
        InvalidFilterError: what they say of rows is not in the language, or needs other rows.
        InvalidManifestError: they take away what the selection needs.
    """
    if terms.budget < 0 or not is_narrower(asked, terms):
        raise InvalidError("the terms are wider than what was asked")
    found = replace(asked, said=Said(terms.rows, terms.precision))
    parse_sight(found.said, asked.dataset.columns)
    found.chosen(terms.fields & asked.signed.task.fields)
    return found
