"""Rules of the house that can be read off the source text alone. Each failure says what to do."""
