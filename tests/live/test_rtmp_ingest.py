"""Real encoders publish to the server: every payload arrives as it was sent."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import av
import pytest

from livefoley.core.media import MediaKind
from livefoley.media.rtmp import RtmpServer
from tests.live.rtmp_peers import KEY, Captured, capture, publish_ffmpeg, publish_gstreamer, publish_pyav
from tests.support.media_files import file_hashes, file_packets
from tests.support.obs import obs
from tests.support.ports import free_port
from tests.support.waiting import LIMIT_S

pytestmark = pytest.mark.live


def url(server: RtmpServer, key: str = KEY) -> str:
    return f"rtmp://127.0.0.1:{server.port}/live/{key}"


def same_payloads(captured: Captured, clip: Path) -> None:
    for kind in MediaKind:
        sent = file_hashes(clip, kind)
        assert len(sent) > 30
        assert captured.hashes(kind) == sent


async def test_ffmpeg_with_b_frames_arrives_bit_for_bit(server: RtmpServer, h264_clip: Path) -> None:
    source = server.register(KEY)
    async with capture(source) as captured:
        status, said = await publish_ffmpeg(url(server), h264_clip)
        assert status == 0, said
        await captured.wait(lambda got: got.disconnects)
    same_payloads(captured, h264_clip)
    (video,), (audio,) = captured.infos(MediaKind.VIDEO), captured.infos(MediaKind.AUDIO)
    assert (video.codec, video.width, video.height) == ("h264", 320, 240)
    assert (audio.codec, audio.sample_rate, audio.channels) == ("aac", 48000, 2)
    assert captured.disconnects == ["the publisher stopped"]


async def test_stamps_and_keyframes_are_those_of_the_file(server: RtmpServer, h264_clip: Path) -> None:
    async with capture(server.register(KEY)) as captured:
        await publish_ffmpeg(url(server), h264_clip)
        await captured.wait(lambda got: got.disconnects)
    sent, got = file_packets(h264_clip, MediaKind.VIDEO), captured.packets(MediaKind.VIDEO)
    assert [packet.keyframe for packet in got] == [packet.is_keyframe for packet in sent]
    offsets = {round((packet.pts - packet.dts) * float(packet.time_base) * 1000) for packet in sent}
    assert max(packet.pts - packet.dts for packet in got) == pytest.approx(max(offsets), abs=1)
    assert all(later.dts > earlier.dts for earlier, later in pairwise(got))


async def test_gstreamer_arrives_bit_for_bit(server: RtmpServer, tmp_path: Path) -> None:
    record = tmp_path / "sent.flv"
    async with capture(server.register(KEY)) as captured:
        status, said = await publish_gstreamer(url(server), record)
        assert status == 0, said
        await captured.wait(lambda got: got.disconnects)
    same_payloads(captured, record)


async def test_hevc_arrives_by_its_four_cc(server: RtmpServer, hevc_clip: Path) -> None:
    async with capture(server.register(KEY)) as captured:
        status, said = await publish_pyav(url(server), hevc_clip)
        assert status == 0, said
        await captured.wait(lambda got: got.disconnects)
    same_payloads(captured, hevc_clip)
    (video,) = captured.infos(MediaKind.VIDEO)
    assert (video.codec, video.width, video.height) == ("hevc", 320, 240)


async def test_av1_and_opus_arrive_by_their_four_cc(server: RtmpServer, av1_clip: Path) -> None:
    async with capture(server.register(KEY)) as captured:
        status, said = await publish_pyav(url(server), av1_clip)
        assert status == 0, said
        await captured.wait(lambda got: got.disconnects)
    same_payloads(captured, av1_clip)
    (video,), (audio,) = captured.infos(MediaKind.VIDEO), captured.infos(MediaKind.AUDIO)
    assert (video.codec, video.width, video.height) == ("av1", 320, 240)
    assert (audio.codec, audio.sample_rate, audio.channels) == ("opus", 48000, 2)
    assert audio.extradata.startswith(b"OpusHead")


async def test_mp3_and_g711_arrive(server: RtmpServer, h264_clip: Path, tmp_path: Path) -> None:
    for codec, options in {
        "mp3": ["-c:a", "libmp3lame", "-ar", "44100"],
        "pcm_alaw": ["-c:a", "pcm_alaw", "-ar", "8000", "-ac", "1"],
        "pcm_mulaw": ["-c:a", "pcm_mulaw", "-ar", "8000", "-ac", "1"],
    }.items():
        source = server.register(codec)
        async with capture(source) as captured:
            status, said = await publish_ffmpeg(url(server, codec), h264_clip, *options)
            assert status == 0, said
            await captured.wait(lambda got: got.disconnects)
        (audio,) = captured.infos(MediaKind.AUDIO)
        assert audio.codec == codec
        assert (audio.sample_rate, audio.channels) == ((44100, 2) if codec == "mp3" else (8000, 1))
        decoder = av.CodecContext.create(codec, "r")
        if codec != "mp3":
            decoder.sample_rate, decoder.layout = 8000, "mono"
        samples = sum(f.samples for p in captured.packets(MediaKind.AUDIO) for f in decoder.decode(av.Packet(p.data)))
        assert samples / audio.sample_rate == pytest.approx(3.0, abs=0.2)


async def test_a_codec_that_cannot_be_used_is_named_and_the_other_track_goes_on(
    server: RtmpServer, h264_clip: Path
) -> None:
    source = server.register(KEY)
    async with capture(source) as captured:
        await publish_ffmpeg(url(server), h264_clip, "-c:v", "flv1")
        await captured.wait(lambda got: got.disconnects)
    assert captured.hashes(MediaKind.AUDIO) == file_hashes(h264_clip, MediaKind.AUDIO)
    assert captured.packets(MediaKind.VIDEO) == []
    assert "Sorenson" in source.statistics().problem


async def test_a_stream_across_the_24_bit_boundary_keeps_its_stamps(server: RtmpServer, h264_clip: Path) -> None:
    async with capture(server.register(KEY)) as captured:
        status, said = await publish_ffmpeg(url(server), h264_clip, "-output_ts_offset", "16776.5")
        assert status == 0, said
        await captured.wait(lambda got: got.disconnects)
    same_payloads(captured, h264_clip)
    got = captured.packets(MediaKind.VIDEO)
    assert got[0].dts < 0xFFFFFF < got[-1].dts
    assert all(30 <= later.dts - earlier.dts <= 37 for earlier, later in pairwise(got))


async def test_obs_arrives_and_decodes(server: RtmpServer, tmp_path: Path) -> None:
    source = server.register(KEY)
    async with capture(source) as captured:
        async with obs(free_port(), tmp_path / "obs.log", url(server)):
            await captured.wait(lambda got: len(got.packets(MediaKind.VIDEO)) > 90, LIMIT_S)
        await captured.wait(lambda got: got.disconnects)
    video, audio = captured.packets(MediaKind.VIDEO), captured.packets(MediaKind.AUDIO)
    assert video[0].keyframe
    (info,) = captured.infos(MediaKind.VIDEO)
    assert (info.width, info.height) == (640, 360)
    decoder = av.CodecContext.create("h264", "r")
    decoder.extradata = info.extradata
    frames = [frame for packet in video for frame in decoder.decode(av.Packet(packet.data))] + decoder.decode(None)
    assert len(frames) == len(video) > 30
    assert abs(video[-1].dts - audio[-1].dts) < 500
