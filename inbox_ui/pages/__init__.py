"""A file per resource. Each route states a permission; what it shows and does are the hub's own functions."""
