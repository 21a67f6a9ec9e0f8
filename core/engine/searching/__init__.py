"""The search for cameras beside training, and the audit of those that are shown."""
