"""Real brokers of jobs on 127.0.0.1, each in a directory of its own, that can be killed and started again."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import kombu
from kombu.exceptions import OperationalError

from tests.support.peers import require
from tests.support.ports import free_port
from tests.support.waiting import LIMIT_S, wait_until


class Broker:
    """A server of Redis; what it is given survives it."""

    keeps_refused = False  # what a worker cannot read

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._running: list[subprocess.Popen[bytes]] = []

    @property
    def url(self) -> str:
        """Where it is."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Run it until it takes connections."""
        command = [require("redis-server"), "--port", str(self.port), "--bind", "127.0.0.1"]
        self._run([*command, "--dir", str(self.folder), "--save", "", "--appendonly", "yes"])
        wait_until(lambda: answers(self.url))

    def kill(self) -> None:
        """End it at once."""
        while self._running:
            process = self._running.pop()
            process.kill()
            process.wait(LIMIT_S)

    def waiting(self, queue: str) -> int:
        """Return how many messages are in a queue that no worker has taken; 0 when there is no such queue."""
        with kombu.Connection(self.url) as connection, contextlib.suppress(*connection.channel_errors):
            return int(connection.default_channel.queue_declare(queue, passive=True).message_count)
        return 0

    def clear(self, *queues: str) -> None:
        """Delete what is in these queues."""
        for queue in queues:
            with kombu.Connection(self.url) as connection, contextlib.suppress(*connection.channel_errors):
                connection.default_channel.queue_purge(queue)

    def _run(self, command: list[str], **settings: object) -> None:
        env = {**os.environ, **{name: str(value) for name, value in settings.items()}}
        self._running.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, env=env))


class RabbitMQ(Broker):
    """A server of RabbitMQ, with a name server of its own."""

    keeps_refused = True

    @property
    def url(self) -> str:
        """Where it is."""
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    def start(self) -> None:
        """Run it until it takes connections."""
        script = Path(require("rabbitmq-server"))
        script = script.resolve().parent / script.name  # Debian's changes the user; what it calls does not
        names = {"ERL_EPMD_PORT": free_port(), "ERL_EPMD_ADDRESS": "127.0.0.1", "HOME": self.folder}
        names["ERL_CRASH_DUMP"] = self.folder / "erl_crash.dump"
        self._run([require("epmd")], **names)
        self._run(
            [str(script), "-noinput"],
            RABBITMQ_ALLOW_INPUT=1,  # the shell becomes the server, so that our child is what we end
            RABBITMQ_NODENAME="clips@localhost",
            RABBITMQ_NODE_IP_ADDRESS="127.0.0.1",
            RABBITMQ_NODE_PORT=self.port,
            RABBITMQ_DIST_PORT=free_port(),
            RABBITMQ_CONF_ENV_FILE=self.folder / "none",
            RABBITMQ_CONFIG_FILE=self.folder / "none",
            RABBITMQ_ENABLED_PLUGINS_FILE=self.folder / "plugins",
            RABBITMQ_MNESIA_BASE=self.folder / "mnesia",
            RABBITMQ_LOG_BASE=self.folder / "log",
            RABBITMQ_SCHEMA_DIR=self.folder / "schema",
            RABBITMQ_GENERATED_CONFIG_DIR=self.folder / "config",
            RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="+S 1:1 -kernel inet_dist_use_interface {127,0,0,1}",
            **names,
        )
        wait_until(lambda: answers(self.url), 150)


@contextlib.contextmanager
def running(broker: Broker) -> Iterator[Broker]:
    """Run a broker for a block."""
    try:
        broker.start()
        yield broker
    finally:
        broker.kill()


def answers(url: str) -> bool:
    """Say whether a broker takes connections."""
    with contextlib.suppress(OperationalError, OSError), kombu.Connection(url, connect_timeout=5) as connection:
        connection.ensure_connection(max_retries=1, interval_start=0)
        return True
    return False
