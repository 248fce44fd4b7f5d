"""Single faults in real runs on the real stack: each is found for what it is, and nothing is besides."""
