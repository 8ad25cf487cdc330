"""What a room tells: its event feed, its notices, its highlights, its subtitles."""
