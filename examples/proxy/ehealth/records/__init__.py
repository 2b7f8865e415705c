"""Patients, their episodes, and what was found."""
