"""Speak to people and programs; import model and node only."""
