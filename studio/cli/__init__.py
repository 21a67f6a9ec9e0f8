"""The command line: one module for each command, options read from their declarations."""
