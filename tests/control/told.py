"""What a room tells, an example of each kind."""

from __future__ import annotations

from livefoley.core.notices import ChatNotice, HighlightNotice, ReasonNotice, TranscriptNotice

CHAT = ChatNotice("c1", over=False, rate=12.0, usual=1.5, share=0.4, score=0.8)
SAID = TranscriptNotice("t1", 2, True, "zh", "今天全场五折", 1.0, 2.5, ())
MOMENT = HighlightNotice(
    "h1",
    0,
    "spotted",
    "discount",
    1.5,
    2.4,
    1.5,
    0.9,
    (ReasonNotice("keyword", 1.5, 2.4, 0.9, "全场五折"),),
    "今天全场五折",
    "",
    None,
)
