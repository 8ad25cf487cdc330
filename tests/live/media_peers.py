"""Peers that serve a stream to be pulled: nginx with its RTMP module, a web server, ffmpeg publishing or listening."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from tests.support.peers import missing, require
from tests.support.ports import free_port
from tests.support.programs import process

_MODULES = ("/usr/lib/nginx/modules/ngx_rtmp_module.so", "/usr/share/nginx/modules/ngx_rtmp_module.so")
_NGINX = """
load_module {module};
daemon off; pid {root}/nginx.pid; error_log {root}/error.log info; worker_processes 1;
events {{ worker_connections 64; }}
rtmp {{ server {{ listen 127.0.0.1:{port}; application live {{ live on; idle_streams off; }} }} }}
"""


@contextmanager
def nginx_rtmp(root: Path) -> Iterator[str]:
    """Run nginx with RTMP and give the URL of its application."""
    nginx = require("nginx")
    module = next((path for path in _MODULES if Path(path).exists()), None)
    if module is None:
        missing("nginx-rtmp")
    port = free_port()
    (root / "nginx.conf").write_text(_NGINX.format(module=module, root=root, port=port))
    with process(nginx, "-p", root, "-c", root / "nginx.conf"):
        yield f"rtmp://127.0.0.1:{port}/live"


_RTSP = """
import gi, sys
gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer
Gst.init(None)
factory = GstRtspServer.RTSPMediaFactory()
factory.set_launch(
    f"( filesrc location={sys.argv[2]} ! qtdemux name=d d.video_0 ! queue ! h264parse ! rtph264pay name=pay0 pt=96 "
    "d.audio_0 ! queue ! aacparse ! rtpmp4gpay name=pay1 pt=97 )"
)
server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service(sys.argv[1])
server.get_mount_points().add_factory("/room", factory)
server.attach(None)
GLib.MainLoop().run()
"""


@contextmanager
def gstreamer_rtsp(clip: Path) -> Iterator[str]:
    """Serve a clip by GStreamer's RTSP server (Debian: python3-gi, gir1.2-gst-rtsp-server-1.0) and give its URL."""
    python, needed = "/usr/bin/python3", "import gi; gi.require_version('GstRtspServer', '1.0')"
    if not Path(python).exists() or subprocess.run([python, "-c", needed], stderr=subprocess.DEVNULL).returncode:
        missing("GStreamer", "its RTSP server")
    port = free_port()
    with process(python, "-c", _RTSP, port, clip):
        yield f"rtsp://127.0.0.1:{port}/room"


@contextmanager
def web(root: Path) -> Iterator[str]:
    """Serve a directory and give its URL."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(root)))
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def segmented(clip: Path, root: Path, kind: str) -> None:
    """Write a clip as HLS with segments of 1 s into ``root``."""
    command = [require("ffmpeg"), "-v", "error", "-i", clip, "-c", "copy", "-hls_time", "1", "-hls_list_size", "0"]
    subprocess.run([*command, "-hls_segment_type", kind, root / "index.m3u8"], check=True, cwd=root)


def publishing(clip: Path, *output: object) -> tuple[object, ...]:
    """Return the command that sends a clip for ever at its own pace, as it is."""
    return (require("ffmpeg"), "-v", "error", "-re", "-stream_loop", "-1", "-i", clip, "-c", "copy", *output)
