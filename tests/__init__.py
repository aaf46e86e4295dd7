"""Tests of Torg. README.md says which kind stands where."""
