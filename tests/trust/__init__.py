"""Trust, as figures: what `make trust` runs in full and CI in samples."""
