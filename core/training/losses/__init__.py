"""What a network is judged by beside the colours of single pixels."""
