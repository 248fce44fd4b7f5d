"""The worker: one JVM beside the server that evaluates expressions, reads and writes records, runs plans."""
