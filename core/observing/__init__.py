"""What looks at a run beside its training, and writes down what it sees; engines are handed it."""
