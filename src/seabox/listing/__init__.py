"""What commands and HTTP clients are told about objects and events: filters, and podman's fields."""
