"""The API as its callers see it, on both engines."""
