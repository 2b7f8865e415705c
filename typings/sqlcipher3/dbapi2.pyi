"""The names of `sqlite3.dbapi2`, which this module repeats."""

from sqlite3.dbapi2 import *
