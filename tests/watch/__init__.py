"""How channels do, what is the matter, and whom that is told."""
