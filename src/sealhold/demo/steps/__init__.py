"""One file per step of the story."""
