"""Pattern sets: reading, checking and compiling the files that hold the rules."""
