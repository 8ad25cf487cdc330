"""Sound for videos that are given to us: watched in parallel pieces, sounded in one pass, marked, written."""
