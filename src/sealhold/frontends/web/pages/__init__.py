"""One file per screen; each is a plain function from a visit to a page."""
