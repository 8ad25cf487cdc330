"""What livefoley calls by itself: webhooks, OBS, edges to be warmed. Fails open, never delays a room."""
