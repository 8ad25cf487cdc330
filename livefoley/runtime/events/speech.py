"""What is said in a room, live: tells the feed, writes subtitles, and hands keywords on as evidence of highlights."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from livefoley.core.events import HearingEvent, KeywordHit, Transcript
from livefoley.core.highlights import Evidence
from livefoley.runtime.events import notices
from livefoley.runtime.events.event_feed import EventFeed
from livefoley.runtime.events.subtitles import SubtitleFile


class RoomSpeech:
    """See the module. ``on_sentence`` gets every transcript, ``on_evidence`` what keywords say, both as they are told
    anew."""

    def __init__(
        self,
        feed: EventFeed,
        on_sentence: Callable[[Transcript], None],
        on_evidence: Callable[[Evidence, float], None],
        subtitles: SubtitleFile | None = None,
    ) -> None:
        self._feed = feed
        self._on_sentence = on_sentence
        self._on_evidence = on_evidence
        self._subtitles = subtitles
        self._keywords: Counter[str] = Counter()

    async def run(self) -> None:
        """Write what was said until cancelled; return when nothing is to be written."""
        if self._subtitles is not None:
            await self._subtitles.run()

    def hear(self, event: HearingEvent, now: float) -> None:
        """Take what the recogniser reports at ``now`` (seconds, monotonic)."""
        if isinstance(event, Transcript):
            self._sentence(event)
        else:
            self._keyword(event, now)

    def _sentence(self, sentence: Transcript) -> None:
        self._on_sentence(sentence)
        self._feed.publish(notices.transcript(sentence, f"{self._feed.session}-t{sentence.utterance}"))
        if sentence.final and sentence.text and self._subtitles is not None:
            self._subtitles.take(sentence)

    def _keyword(self, hit: KeywordHit, now: float) -> None:
        self._keywords[hit.state.value] += 1
        self._feed.publish(notices.keyword(hit, f"{self._feed.session}-k{hit.id}"))
        self._on_evidence(hit.evidence(), now)

    @property
    def problem(self) -> str:
        """Why subtitles cannot be written now; empty when they can."""
        return self._subtitles.problem if self._subtitles is not None else ""

    def statistics(self) -> Mapping[str, int]:
        """Return how many keywords were told, by state, since the room began."""
        return dict(self._keywords)
