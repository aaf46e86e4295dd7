"""The JSON API and the health of the process. A file per resource; `routes.py` is its table of contents."""
