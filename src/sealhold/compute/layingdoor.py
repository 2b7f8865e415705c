"""The owner's look at rules for an app before they are laid down.

Source: docs/spec/24-people.md section 3; docs/spec/25-records-of-people.md section 4.
"""

from sealhold.model.people import Rules
from sealhold.model.personrecords import CollectionRule
from sealhold.model.shown.laying import RulesPreview
from sealhold.vault.laying import Laying
from sealhold.vault.registry import Registry


class RulesAhead:
    """Tells what rules would do to what is kept; nothing changes by it."""

    def __init__(self, laying: Laying, registry: Registry) -> None:
        self._laying = laying
        self._registry = registry

    def schema(self, app_text: str, rules: Rules) -> RulesPreview:
        """Return what laying down a schema would do.

        Raises:
            NotFoundError: no app of that id or name.
            InvalidError: it would be refused, and why.
        """
        return self._laying.schema(self._registry.find(app_text), rules)

    def collection(self, app_text: str, name: str, rule: CollectionRule) -> RulesPreview:
        """Return what laying down a collection would do.

        Raises:
            NotFoundError: no app of that id or name.
            InvalidError: it would be refused, and why.
        """
        return self._laying.collection(self._registry.find(app_text), name, rule)
