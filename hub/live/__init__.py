"""Live: events from any process to every listening browser, by ids only."""
