"""One client a protocol; each wraps its transport's errors into macd.errors once."""
