"""Servers that stand in for the outside world and misbehave on command."""
