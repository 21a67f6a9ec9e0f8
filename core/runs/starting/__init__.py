"""Runs that begin with something known: of another run, of another program, or found under way."""
