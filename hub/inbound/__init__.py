"""The way in: raw events are kept, parsed in children, made entries of conversations."""
