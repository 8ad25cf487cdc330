"""An RTMP server that wants a user and a password, as FMLE asks for them: says how a sink answers. Exits when it knows.

challenger.py CHECKOUT FOLDER: starts a sidecar of that checkout whose room sends ``rtmp://user:pass@127.0.0.1:...``.
"""

from __future__ import annotations

import os
import re
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

REFUSED = "[ AccessManager.Reject ] : [ code=403 need auth ; authmod=adobe ] : "
WAIT_S = 25.0


def text(value: str) -> bytes:
    """Return an AMF0 string."""
    return b"\x02" + struct.pack(">H", len(value)) + value.encode()


def refusal() -> bytes:
    """Return the message that refuses a connection and names the way to come in."""
    fields = {"level": "error", "code": "NetConnection.Connect.Rejected", "description": REFUSED}
    pairs = b"".join(struct.pack(">H", len(key)) + key.encode() + text(value) for key, value in fields.items())
    body = text("_error") + b"\x00" + struct.pack(">d", 1) + b"\x05" + b"\x03" + pairs + b"\x00\x00\x09"
    parts = [body[at : at + 128] for at in range(0, len(body), 128)]
    head = b"\x03\0\0\0" + len(body).to_bytes(3, "big") + b"\x14" + bytes(4)
    return head + b"\xc3".join(parts)


def asked(server: socket.socket) -> str:
    """Take a connection, refuse it, and return the app it named."""
    connection, _ = server.accept()
    with connection:
        connection.settimeout(8)
        got = b""
        while len(got) < 1537:
            got += connection.recv(4096)
        connection.sendall(b"\x03" + bytes(1536) + got[1:1537])
        found, until = None, time.monotonic() + 8
        got = b""
        while found is None and time.monotonic() < until:
            more = connection.recv(65536)
            if not more:
                break
            got += more
            found = re.search(rb"\x00\x03app\x02(..)", got, re.S)
        time.sleep(0.3)
        connection.sendall(refusal())
        time.sleep(0.5)
        return _text_at(got, found.start(1)) if found else ""


def _text_at(data: bytes, at: int) -> str:
    length = int.from_bytes(data[at : at + 2], "big")
    return data[at + 2 : at + 2 + length].replace(b"\xc3", b"").decode(errors="replace")


def main(checkout: str, folder: str) -> None:
    """Say which app a sink names when it comes again, knowing what is asked of it."""
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(WAIT_S)
    place = Path(folder)
    config = place / "challenged.yaml"
    address = f"rtmp://user:pass@127.0.0.1:{server.getsockname()[1]}/live/key"
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        rtmp, http = one.getsockname()[1], two.getsockname()[1]
    listen = f'server: {{rtmp: {{listen: "127.0.0.1:{rtmp}"}}, http: {{listen: "127.0.0.1:{http}"}}}}\n'
    room = f"rooms:\n  r:\n    source: {{file: '{place / 'address.flv'}'}}\n    sinks:\n      - rtmp: \"{address}\"\n"
    config.write_text(listen + room)
    command = [sys.executable, "-m", "livefoley", "run", str(config)]
    environment = {**os.environ, "PYTHONPATH": checkout}
    with (place / "challenged.log").open("wb") as log:
        running = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=place
        )
    try:
        apps = [asked(server), asked(server)]
        print("challenged:", apps[1] or "nothing")
    except OSError as error:
        print("challenged: nothing comes again", type(error).__name__)
    finally:
        running.terminate()
        running.wait(30)


if __name__ == "__main__":
    main(*sys.argv[1:3])
