"""What keeps a clip back from being published: unfit pictures or words, black, frozen or silent stretches."""
