"""How good learned cameras and views are: against a reference, and on photos kept aside."""
