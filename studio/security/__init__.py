"""Who may talk to the studio: the token, names and addresses, and what a page may load."""
