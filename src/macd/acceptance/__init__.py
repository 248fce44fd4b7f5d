"""The acceptance kit: one run that proves the whole promise on a target, and leaves nothing behind."""
