"""One video track as viewers get it: its frames, its last keyframe, and why it cannot be shown, if it cannot."""

from __future__ import annotations

from dataclasses import replace

from livefoley.core.errors import UnsupportedCodec
from livefoley.core.media import OutputItem, TrackInfo, Unit
from livefoley.core.ticks import Tick
from livefoley.media.webrtc.rtp.payloads import RtpFrame, VideoPayloads, video_timestamp

B_FRAMES = (
    "the room's H.264 has B-frames, which WebRTC cannot carry; set B-frames to 0 in the encoder "
    "(OBS, x264: Custom Encoder Settings bframes=0, or Tune zerolatency; NVENC: Max B-frames 0), or set "
    "whep: {transcode: true} for the room"
)


class Picture:
    """Takes a track's parameters and units in decode order."""

    def __init__(self) -> None:
        self.codec = ""
        self.problem = ""
        self.is_turned = False  # the picture is to be shown otherwise than it is stored, and WebRTC cannot say so
        self.profile: int | None = None
        self._payloads: VideoPayloads | None = None
        self._keyframe: Unit | None = None
        self._newest: Tick = 0
        self._epoch = -1

    def take(self, item: OutputItem, *, wanted: bool) -> RtpFrame | None:
        """Take an item; return the frame it makes if one is wanted and can be made."""
        if isinstance(item, TrackInfo):
            self._track(item)
            return None
        self._follow(item)
        if self._payloads is None or self.problem or not wanted:
            return None
        try:
            return self._payloads.frame(item)
        except ValueError:  # a damaged unit: what a viewer's decoder could not use either
            return None

    def still(self) -> RtpFrame | None:
        """Return the last keyframe, to be shown now."""
        if self._payloads is None or self._keyframe is None or self.problem:
            return None
        try:
            return replace(self._payloads.frame(self._keyframe), timestamp=video_timestamp(self._newest))
        except ValueError:
            return None

    def _track(self, info: TrackInfo) -> None:
        self.codec, self.problem, self._keyframe = info.codec, "", None
        self.is_turned = info.display.is_turned
        self.profile = info.extradata[1] if info.codec == "h264" and len(info.extradata) > 1 else None
        try:
            self._payloads = VideoPayloads(info)
        except UnsupportedCodec as error:
            self._payloads, self.problem = None, str(error)
        except ValueError:
            self._payloads, self.problem = None, "the room's video parameters are damaged"

    def _follow(self, unit: Unit) -> None:
        if unit.epoch != self._epoch:
            self._epoch = unit.epoch
            self.problem = "" if self._payloads is not None else self.problem
        elif unit.pts < self._newest and self._payloads is not None:
            self.problem = B_FRAMES  # shown before what was sent before it
        self._newest = unit.pts
        if unit.packet.keyframe:
            self._keyframe = unit
