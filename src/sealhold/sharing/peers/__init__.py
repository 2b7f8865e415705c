"""Other people: who they are, and what is shared with them."""
