"""Bytes in, bytes out: the only importer of a cryptographic library."""
