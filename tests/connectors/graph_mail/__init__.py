"""Mail in Microsoft 365: the real SDK against the stand-in."""
