"""What the containers of docker-compose.yaml need from this machine."""
