"""Servers that stand in for other systems: first they answer as was recorded, only then as a test makes them."""
