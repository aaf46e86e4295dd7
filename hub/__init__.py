"""Torg's core: true for every municipality and every channel. The map is in README.md beside this file."""
