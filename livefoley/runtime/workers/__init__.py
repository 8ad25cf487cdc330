"""Worker processes: the supervised parent's side, the child's side, messages between them, and their mains."""
