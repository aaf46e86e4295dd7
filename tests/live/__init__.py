"""Live events: who hears of what, in one process and between several."""
