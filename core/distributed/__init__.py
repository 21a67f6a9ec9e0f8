"""Several processes that share one run: where sums are exchanged, and how they meet."""
