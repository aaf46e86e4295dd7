"""How much structure a mail may have (threats.md, 1): kept to while its parts are found, before anything is built."""

DEPTH = 50
PARTS = 1_000
HEADERS = 256 * 1024
"""Bytes of all header blocks together."""
HEADER = 32 * 1024
"""Bytes of one header. A longer one is cut with a problem; a longer Content-Type makes the mail unreadable."""
ADDRESSES = 500
"""Read of all address headers together; the rest is left out with a problem."""
