"""A running room and the parts that belong to it alone."""
