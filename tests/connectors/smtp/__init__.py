"""Mail out through a mail server."""
