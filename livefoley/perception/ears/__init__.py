"""The room's ears: live speech recognition, and the keywords in what is said.

Needs the extra ``ears``; nothing outside imports this package but the worker and what fetches the model.
"""
