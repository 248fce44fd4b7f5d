"""The local target: every service of the pipeline on this machine, without Docker."""
