"""One file for each technique; none imports another. The contract is `protect/spec.py`."""
