"""What touches a user's disk for everybody: files that appear whole, and the directories that are ours."""
