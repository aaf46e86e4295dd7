"""Whole flows: from the outside in, and out again."""
