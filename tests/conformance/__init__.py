"""The suites that every backend of a seam passes, and that a plug-in runs on itself."""
