"""Bringing back what did not arrive: dead letters, lost documents; and clearing old runs away."""
