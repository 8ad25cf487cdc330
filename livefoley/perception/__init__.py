"""What the frames and the sound of a room say: motion, cuts, speech. Sees core and dsp only."""
