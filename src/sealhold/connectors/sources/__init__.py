"""The sources, strangers to each other; found by entry point."""
