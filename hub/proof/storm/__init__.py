"""The storm: so many contacts a second, agents who work meanwhile, one municipality at twenty times the others."""
