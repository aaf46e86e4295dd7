"""Mail out to a folder."""
