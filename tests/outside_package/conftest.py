"""The package's own test runs where the package is installed, not here."""

collect_ignore = ["torg-doorknocker"]
