"""Saves made-up patients."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from records.made import save


class Command(BaseCommand):
    """`python manage.py seed 100`."""

    help = "Save made-up patients with their episodes, documents, diagnoses and results."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take how many."""
        parser.add_argument("count", type=int)

    def handle(self, *_: Any, **options: Any) -> None:
        """Save them."""
        save(options["count"])
