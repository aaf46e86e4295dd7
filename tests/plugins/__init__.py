"""Plugins, each against what it talks to."""
