"""Routers: which queue of which municipality an item belongs to."""
