"""Figures: the line of this program beside the floor of the machine, in one run. `make bench`."""
