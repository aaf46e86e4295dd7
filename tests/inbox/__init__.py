"""The nouns of the inbox, on both engines."""
