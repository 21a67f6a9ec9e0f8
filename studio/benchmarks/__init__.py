"""Measurements: how the studio feels, how fast it learns, and how often it is right."""
