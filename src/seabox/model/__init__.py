"""What the rooms say to each other: frozen values, no I/O."""
