"""A step of training, those who learn in it, and the stages that a run goes through."""
