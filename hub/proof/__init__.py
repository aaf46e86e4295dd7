"""`torg prove`: faults, ledgers, and the claims they test."""
