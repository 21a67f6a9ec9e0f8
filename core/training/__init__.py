"""Options, the step, and what is needed to stop and go on."""
