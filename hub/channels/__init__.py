"""Configured channels: add, open, pause, and by which one an answer leaves."""
