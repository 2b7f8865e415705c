"""Carriers that need a network."""
