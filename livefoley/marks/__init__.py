"""Marks of generated sound: a watermark in the stem, labels in the container, a C2PA manifest, notices for people."""

from livefoley.marks.detect import Verdict, detect
from livefoley.marks.embed import embed
from livefoley.marks.provenance import C2paSigner

__all__ = ["C2paSigner", "Verdict", "detect", "embed"]
