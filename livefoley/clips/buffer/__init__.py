"""A room's last minutes, and what is cut from them. Sans-IO."""
