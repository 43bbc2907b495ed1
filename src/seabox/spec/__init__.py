"""From what a caller asks for to the config.json that a runtime executes: resolve, then generate."""
