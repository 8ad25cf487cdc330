"""Celery's view of a job that a worker has, made to notice when it cannot be acknowledged.

Over Redis Celery logs that and goes on: with as many jobs as it may have it reads nothing, notices nothing, and waits
for the acknowledgement for ever. Here it is told that the connection is lost, and makes a new one; the broker delivers
the job again, which is over by then.
"""

from __future__ import annotations

from celery.worker.request import Request
from kombu.asynchronous import get_event_loop

CHECK_S = 1.0  # Celery acknowledges soon after it was told to, not at once


class JobRequest(Request):  # type: ignore[misc]
    """See the module."""

    def acknowledge(self) -> None:
        """Acknowledge the job, and look whether that was done."""
        super().acknowledge()
        loop = get_event_loop()
        if loop is not None:  # a pool of threads has none
            loop.call_later(CHECK_S, self._check)  # type: ignore[no-untyped-call]

    def _check(self) -> None:
        """Give up the connection that the job came over, if it is still in use. RabbitMQ's is always read from."""
        message = self._message
        if not message.acknowledged and not getattr(message.channel, "closed", True):
            raise ConnectionResetError("a job cannot be acknowledged")
