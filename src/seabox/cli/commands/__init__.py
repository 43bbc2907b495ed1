"""One module per command; each has `command(path)`, the table of the command under the words it was called by."""
