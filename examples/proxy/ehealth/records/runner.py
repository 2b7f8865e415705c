"""Runs tests in the database that is there: a proxy leads to one, and makes no others."""

from django.core.management import call_command
from django.test.runner import DiscoverRunner


class InPlace(DiscoverRunner):
    """Each test rolls back what it did."""

    def setup_databases(self, **_: object) -> list[object]:
        """Bring the tables to their newest form."""
        call_command("migrate", verbosity=0)
        return []

    def teardown_databases(self, _: object, **__: object) -> None:
        """Leave everything as it is."""
