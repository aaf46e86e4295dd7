"""Configured channels: add, check, pause, lease, health."""
