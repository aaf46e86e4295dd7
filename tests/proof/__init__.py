"""The proofs, small: each finds nothing wrong here, and finds what is made wrong for it."""
