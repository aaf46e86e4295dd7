"""Finds and loads plugins at start-up; the only room that drives pluggy."""
