"""On-screen text as a signal; all but this file needs the extra ``ocr``, and ``ears`` for its keywords."""

MODULES = ("rapidocr_onnxruntime", "pypinyin", "opencc", "snowballstemmer")
"""What they import that livefoley does without."""
