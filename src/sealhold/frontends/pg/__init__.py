"""The PostgreSQL face: applications speak to rented databases through it."""
