"""Where sounds come from: procedural synthesis, the effect bank, beds. Sees core and dsp only."""
