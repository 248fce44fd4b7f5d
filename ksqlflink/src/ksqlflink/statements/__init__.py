"""What a statement does."""
