"""Values of PostgreSQL's types: text and binary form, equality, order, as the server has them."""
