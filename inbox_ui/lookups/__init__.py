"""Lookups on the screen: the panel, cards in words, and sentences for the citizen."""
