"""What is true about every container, kept where the next process finds it: one SQLite file and a lock each."""
