"""One vault on all devices of its owner."""
