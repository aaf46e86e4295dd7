"""Move messages: one module per kind of channel, and nothing but translation in it."""
