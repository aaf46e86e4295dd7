"""`python -m hub.cli`: the same as `torg`."""

from hub.cli import main

main()
