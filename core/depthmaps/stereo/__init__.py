"""A photo beside others: a sweep of depths, its surface, and what others confirm of it."""
