"""The forms that the tables had."""
