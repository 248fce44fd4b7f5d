"""What happens in the scheduler when a run of one of the package's DAGs ends."""
