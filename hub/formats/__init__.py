"""Bytes to our types and back: mail, HTML, quotes. Pure: no I/O, no clock, no database; connectors may use it too.

What comes in is hostile. Everything here is linear in its input and bounded by `limits`; the hub runs it in a child
process with limits all the same.
"""
