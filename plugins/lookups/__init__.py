"""Sources that questions go to: one file for each kind of system."""
