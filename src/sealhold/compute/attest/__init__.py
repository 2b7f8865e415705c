"""Evidence about the machine that computed, and what it is worth."""
