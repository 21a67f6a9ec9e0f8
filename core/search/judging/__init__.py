"""Whether cameras are right, whoever found them: audit, verdict, and several ways side by side."""
