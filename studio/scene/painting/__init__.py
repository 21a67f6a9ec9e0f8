"""The picture that a visitor's camera would take: what is to be painted, and who paints it."""
