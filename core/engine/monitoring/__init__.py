"""How a run goes: its curves and trails, its pace, and who knows unseen pixels better."""
