"""What is made and measured from a run beside training."""
