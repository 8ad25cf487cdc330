"""The room's ears: live speech recognition, and the keywords in what is said.

Its modules need the extra ``ears``; this one does not.
"""

LISTS = ("shop", "game", "sport")
"""The keyword lists that come along."""

MODULES = ("faster_whisper", "pypinyin", "snowballstemmer")
"""What the extra ``ears`` installs."""
