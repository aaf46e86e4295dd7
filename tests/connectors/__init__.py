"""One folder for each kind of channel, with real sockets and real conversations."""
