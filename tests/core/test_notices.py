"""The kinds of notices stand in one list: every document has one of them, and who is told chooses among them."""

from __future__ import annotations

from typing import get_args, get_type_hints

import pytest
from pydantic import ValidationError

from livefoley.config import Webhook
from livefoley.core.notices import ClipNotice, NoticeData, NoticeType


def clip_types() -> list[NoticeType]:
    states = get_args(get_type_hints(ClipNotice)["state"])
    return [ClipNotice("id", state, "", "", 0.0, 0.0, 0.0, "", "", 0.0).type for state in states]


def test_every_document_has_a_type_of_its_own() -> None:
    types = [kind.type for kind in get_args(NoticeData) if kind is not ClipNotice] + clip_types()
    assert sorted(types) == sorted(NoticeType)


def test_a_webhook_is_told_of_everything_but_other_readers_gaps() -> None:
    told = [kind for kind in NoticeType if kind is not NoticeType.GAP]
    assert Webhook.model_validate({"url": "http://localhost/", "types": told}).types == tuple(told)
    with pytest.raises(ValidationError, match="a gap is told to the reader who missed something"):
        Webhook.model_validate({"url": "http://localhost/", "types": ["gap"]})
    with pytest.raises(ValidationError, match=r"'highlight', 'keyword'.*'clip\.quarantined'"):
        Webhook.model_validate({"url": "http://localhost/", "types": ["highlights"]})
