"""Plugins are found, loaded one by one, and refused with a sentence."""
