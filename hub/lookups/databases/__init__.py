"""Databases that a lookup may read: one file for each engine. What they share: `database.py`."""
