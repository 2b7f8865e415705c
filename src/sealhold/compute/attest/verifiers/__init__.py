"""The verifiers, one file per kind of evidence, strangers to each other; a closed set."""
