"""Watch: how channels do, what is the matter with one, and whom that is told."""
