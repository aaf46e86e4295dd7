"""The way out: deliveries are leased, handed over and settled."""
