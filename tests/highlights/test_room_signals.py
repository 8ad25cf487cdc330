"""What the audience writes and what the host says, from the room's doors to evidence and notices."""

from __future__ import annotations

from dataclasses import replace

from livefoley.core.events import KeywordHit, Transcript
from livefoley.core.highlights import Evidence, EvidenceState, Origin
from livefoley.core.notices import ChatNotice, KeywordNotice, TranscriptNotice
from livefoley.core.ticks import TICK_RATE, ticks_from_s
from livefoley.engine.clock import PlayoutClock
from livefoley.engine.highlights.chat import WARM_UP_S, ChatMessage
from livefoley.engine.timeline import ORIGIN
from livefoley.runtime.events.chat import ChatSettings, RoomChat
from livefoley.runtime.events.event_feed import EventFeed
from livefoley.runtime.events.speech import RoomSpeech
from livefoley.runtime.workers.messages import PERCEPTION, SCREEN, Noticed

S = TICK_RATE
LOOKAHEAD = ticks_from_s(1.5)
BEGAN_S = 1000.0
HIT = KeywordHit(4, EvidenceState.SPOTTED, 100 * S, 101 * S, "gg", "g g", "en", "goal", 0.8, 0.5)


def clock() -> PlayoutClock:
    made = PlayoutClock(LOOKAHEAD)
    made.start(ORIGIN + LOOKAHEAD, BEGAN_S)
    return made


def burst(chat: RoomChat, now: float) -> None:
    """Write a line a second, then forty within one, then nothing."""
    for second in range(WARM_UP_S + 5):
        chat.write([ChatMessage("hello", "anna")], now + second)
    now += WARM_UP_S + 5
    chat.write([ChatMessage("666", f"viewer {number}") for number in range(40)], now)
    for second in range(1, 10):
        chat.advance(now + second)


def test_a_burst_of_chat_is_evidence_where_its_writers_may_have_seen_something() -> None:
    found: list[Evidence] = []
    feed = EventFeed("shop")
    chat = RoomChat(ChatSettings(lag=6 * S), feed, clock(), lambda evidence, now: found.append(evidence))
    burst(chat, BEGAN_S)
    assert {(each.signal, each.id, each.origin, each.state) for each in found} == {
        ("chat", 1, Origin.AUDIENCE, EvidenceState.CONFIRMED)
    }
    written = ORIGIN + (WARM_UP_S + 5) * S
    assert abs(found[0].at + found[0].reach - written) <= 2 * S
    assert found[0].reach == 6 * S
    assert found[0].people is not None
    assert 40 <= found[0].people <= 45
    notices = [notice.data for notice in feed.recent()]
    assert [(data.over, data.id) for data in notices if isinstance(data, ChatNotice)] == [
        (False, f"{feed.session}-c1"),
        (True, f"{feed.session}-c1"),
    ]
    assert chat.statistics().meter.bursts == 1


def test_chat_before_the_stream_begins_is_told_and_no_evidence() -> None:
    found: list[Evidence] = []
    feed = EventFeed("shop")
    burst(RoomChat(ChatSettings(), feed, PlayoutClock(LOOKAHEAD), lambda evidence, now: found.append(evidence)), 0.0)
    assert found == []
    assert len(feed.recent(types=["chat"])) == 2


def test_what_is_said_is_told_quoted_and_its_keywords_are_evidence() -> None:
    feed, found, quoted = EventFeed("game"), list[tuple[Evidence, float]](), list[Transcript]()
    speech = RoomSpeech(feed, quoted.append, lambda evidence, now: found.append((evidence, now)))
    speech.hear(sentence := Transcript(99 * S, 102 * S, "well played gg", "en", utterance=4), 7.0)
    speech.hear(HIT, 8.0)
    speech.hear(replace(HIT, state=EvidenceState.CONFIRMED), 9.0)
    assert quoted == [sentence]
    assert [now for _, now in found] == [8.0, 9.0]
    said = Evidence("keyword", 4, Origin.SPEECH, 100 * S, 101 * S, 0.4, "gg", "goal", EvidenceState.SPOTTED)
    assert found[0][0] == said
    assert [type(notice.data) for notice in feed.recent()] == [TranscriptNotice, KeywordNotice, KeywordNotice]
    assert speech.statistics() == {"spotted": 1, "confirmed": 1}


def test_evidence_goes_through_a_worker_and_comes_back_whole() -> None:
    given = Evidence("crowd", 3, Origin.SOUND, 5 * S, 6 * S, 0.5, "+12 dB", "goal", EvidenceState.SPOTTED, 2 * S, 40)
    for link in (PERCEPTION, SCREEN):
        assert link.reply(link.encode(Noticed(given))) == Noticed(given)
