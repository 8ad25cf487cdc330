"""Clips: cut from a running room's ``buffer``, given their sound, checked, marked, published.

Begin with ``model`` and ``pipeline``: a job is a directory, a clip is made of it stage by stage, in a worker.
"""
