"""deploy/: what its files say is true."""
