"""What moves in the picture, and when it hits: sampling, optical flow, onsets, scene cuts."""
