"""Pages for whoever is outside: in more languages than the desk, without a session, with hardly any script."""
