"""On-screen text as a signal; all but this file needs the extra ``ocr``, and ``ears`` for its keywords."""

MODULES = ("rapidocr_onnxruntime", "pypinyin", "snowballstemmer")
"""What they import that livefoley does without."""

REMEDY = "pip install 'livefoley[ears,ocr]' && pip install --no-deps rapidocr-onnxruntime==1.4.4 (Python below 3.13)"
"""Without its dependencies: it names opencv-python, which overwrites the headless build, wants libGL, and points Qt
programs that this process starts at plugins of its own."""
