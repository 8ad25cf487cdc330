"""A clip's pictures: cut packet for packet, to the frame, or framed anew; and its cover."""
