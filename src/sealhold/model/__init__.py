"""Values only: ids, records, quantities, errors, clock, encoding. Imports nothing of ours."""
