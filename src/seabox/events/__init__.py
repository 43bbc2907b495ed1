"""What happened, as it happens: the store's outbox, read on and on."""
