"""Everything that plugs in and moves no messages."""
