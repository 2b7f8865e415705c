"""Values only: ids, records, purposes, quantities, errors, clock, encoding. Imports nothing of ours."""
