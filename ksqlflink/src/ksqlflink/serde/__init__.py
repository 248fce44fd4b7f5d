"""Formats of keys and values: what they can hold, and what the registry is told of them."""
