"""What the server knows of sources and queries, and keeps."""
