"""Nouns with verbs. Each file owns a table or two and what may be done to them."""
