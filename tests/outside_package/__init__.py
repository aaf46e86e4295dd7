"""A package that isn't ours, installed as any other."""
