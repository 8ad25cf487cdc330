"""Sound in and out of its codecs: nothing moves by more than a sample, and nothing a peer sends raises."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import pairwise

import av
import numpy as np
import pytest

from livefoley.core.errors import UnsupportedCodec
from livefoley.core.media import AAC_FRAME, MediaKind, Packet, TrackInfo
from livefoley.core.ticks import SAMPLES, TICK_RATE, ticks_from_stamp
from livefoley.formats import flac
from livefoley.media.audio_codecs import AacEncoder, make_decoder

BASE = 48_000  # the timeline starts above 0, priming lies before it


def pulse_train(rate: int, channels: int) -> tuple[np.ndarray, list[int]]:
    """Return 2 s of sound with three smooth pulses, and the sample at the middle of each."""
    sound = np.zeros((channels, 2 * rate), np.float32)
    half = rate // 1000
    middles = [rate // 3, rate, int(rate * 1.6) + 1]
    for middle in middles:
        sound[:, middle - half : middle + half + 1] = 0.5 * np.hanning(2 * half + 1)
    return sound, middles


def encoded(codec: str, encoder: str, rate: int, layout: str) -> tuple[TrackInfo, list[Packet], list[int]]:
    """Encode a pulse train with FFmpeg; its packets keep the encoder's stamps, priming included."""
    channels = {"mono": 1, "stereo": 2, "5.1": 6}[layout]
    sound, middles = pulse_train(rate, channels)
    context = av.CodecContext.create(encoder, "w")
    names = [form.name for form in context.codec.audio_formats]
    form = next(name for name in ("fltp", "flt", "s16") if name in names)
    context.sample_rate, context.layout, context.format = rate, layout, form
    context.time_base, context.flags = Fraction(1, rate), context.flags | av.codec.context.Flags.global_header
    context.open()
    size, packets = context.frame_size or 160, []
    for at in range(0, sound.shape[1] - size + 1, size):
        block = sound[:, at : at + size]
        if form != "fltp":
            block = block.T.reshape(1, -1)
        if form == "s16":
            block = np.round(block * 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block), format=form, layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = rate, at, Fraction(1, rate)
        packets += context.encode(frame)
    packets += context.encode(None)
    info = TrackInfo(MediaKind.AUDIO, codec, bytes(context.extradata or b""), sample_rate=rate, channels=channels)
    made = [Packet(MediaKind.AUDIO, bytes(p), p.pts, p.dts, Fraction(1, rate)) for p in packets if p.size]
    return info, made, middles


def laid_down(info: TrackInfo, packets: list[Packet]) -> np.ndarray:
    """Decode ``packets`` and lay every block where it says it belongs."""
    decoder = make_decoder(info)
    out = np.zeros((2, 4 * TICK_RATE), np.float32)
    for packet in packets:
        for offset, samples in decoder.decode(packet):
            at = BASE + ticks_from_stamp(packet.pts, packet.time_base) + offset
            assert samples.dtype == np.float32
            out[:, at : at + samples.shape[1]] = samples
    assert decoder.errors == 0
    return out


def middle_near(sound: np.ndarray, expected: float) -> float:
    """Return the centre of the pulse nearest to ``expected``."""
    begin = round(expected) - 200
    energy = np.maximum(sound[begin : begin + 400].astype(np.float64), 0.05) - 0.05
    return begin + float((energy * np.arange(400)).sum() / energy.sum())


@pytest.mark.parametrize(
    ("codec", "encoder", "rate", "layout"),
    [
        ("aac", "aac", 48_000, "stereo"),
        ("aac", "aac", 48_000, "mono"),
        ("aac", "aac", 44_100, "stereo"),
        ("aac", "aac", 16_000, "mono"),
        ("aac", "aac", 22_050, "stereo"),
        ("aac", "aac", 48_000, "5.1"),
        ("mp3", "libmp3lame", 44_100, "stereo"),
        ("mp3", "libmp3lame", 48_000, "stereo"),
        ("opus", "libopus", 48_000, "stereo"),
        ("pcm_alaw", "pcm_alaw", 8_000, "mono"),
        ("pcm_mulaw", "pcm_mulaw", 16_000, "stereo"),
        ("ac3", "ac3", 48_000, "5.1"),
        ("flac", "flac", 44_100, "stereo"),
        ("flac", "flac", 96_000, "stereo"),
    ],
)
def test_a_pulse_is_decoded_within_one_sample_of_its_stamp(codec: str, encoder: str, rate: int, layout: str) -> None:
    info, packets, middles = encoded(codec, encoder, rate, layout)
    out = laid_down(info, packets)
    for middle in middles:
        expected = BASE + middle * TICK_RATE / rate
        assert middle_near(out[0], expected) == pytest.approx(expected, abs=1.0)
        assert middle_near(out[1], expected) == pytest.approx(expected, abs=1.0)


def test_mono_is_heard_on_both_sides_at_its_own_level_at_any_rate() -> None:
    for rate in (16_000, 48_000):
        info, packets, _ = encoded("flac", "flac", rate, "mono")
        out = laid_down(info, packets)
        assert np.array_equal(out[0], out[1])
        assert np.abs(out).max() == pytest.approx(0.5, abs=0.01)


def test_the_centre_of_surround_sound_is_heard_on_both_sides() -> None:
    info, packets, _ = encoded("ac3", "ac3", 48_000, "5.1")
    out = laid_down(info, packets)
    assert out[0].max() == pytest.approx(out[1].max(), rel=0.05)
    assert out[0].max() > 0.5


@pytest.mark.parametrize("codec", ["aac", "mp3", "opus", "ac3", "flac"])
def test_damaged_packets_count_as_errors_and_never_raise(codec: str) -> None:
    info, packets, _ = encoded(codec, {"mp3": "libmp3lame", "opus": "libopus"}.get(codec, codec), 48_000, "stereo")
    rng = random.Random(7)
    decoder = make_decoder(info)
    for packet in packets:
        data = bytearray(packet.data)
        for _ in range(8):
            data[rng.randrange(len(data))] = rng.randrange(256)
        for broken in (bytes(data), bytes(data[: len(data) // 2]), b"", rng.randbytes(40)):
            blocks = decoder.decode(Packet(MediaKind.AUDIO, broken, packet.pts, packet.dts, packet.time_base))
            assert all(np.isfinite(samples).all() for _, samples in blocks)
    assert decoder.errors > 0
    decoder.reset()
    assert sum(samples.shape[1] for packet in packets for _, samples in decoder.decode(packet)) > TICK_RATE


@pytest.mark.parametrize("info", [TrackInfo(MediaKind.AUDIO, "wma"), TrackInfo(MediaKind.VIDEO, "h264")])
def test_an_unknown_codec_is_refused_with_what_would_do(info: TrackInfo) -> None:
    with pytest.raises(UnsupportedCodec, match="use aac"):
        make_decoder(info)


def test_parameters_that_make_no_sense_are_refused() -> None:
    with pytest.raises(UnsupportedCodec, match="parameters"):
        make_decoder(TrackInfo(MediaKind.AUDIO, "flac", b"nonsense"))


@pytest.mark.parametrize("chunk", [1024, 480, 37, 5000])
def test_what_is_encoded_comes_back_in_place_whatever_the_size_of_the_blocks(chunk: int) -> None:
    sound, middles = pulse_train(TICK_RATE, 2)
    encoder = AacEncoder()
    packets = []
    for at in range(0, sound.shape[1], chunk):
        packets += encoder.encode(sound[:, at : at + chunk], BASE + at)
    packets += encoder.flush()
    assert packets[0].pts == BASE - AAC_FRAME
    assert all(later.pts - earlier.pts == AAC_FRAME for earlier, later in pairwise(packets))
    assert {packet.time_base for packet in packets} == {SAMPLES}
    decoder = make_decoder(encoder.info)
    out = np.zeros((2, 4 * TICK_RATE), np.float32)
    for packet in packets:
        for offset, samples in decoder.decode(packet):
            out[:, packet.pts + offset : packet.pts + offset + AAC_FRAME] = samples
    for middle in middles:
        assert middle_near(out[0], BASE + middle) == pytest.approx(BASE + middle, abs=1.0)


def test_an_encoders_output_does_not_depend_on_how_its_input_was_cut() -> None:
    sound = np.random.default_rng(3).normal(0, 0.1, (2, 20_000)).astype(np.float32)
    results = []
    for chunk in (20_000, 999):
        encoder = AacEncoder()
        packets = [p for at in range(0, 20_000, chunk) for p in encoder.encode(sound[:, at : at + chunk], BASE + at)]
        results.append(packets + encoder.flush())
    assert results[0] == results[1]


def test_samples_that_do_not_join_the_ones_before_are_refused() -> None:
    encoder = AacEncoder()
    encoder.encode(np.zeros((2, 100), np.float32), BASE)
    with pytest.raises(ValueError, match="do not join"):
        encoder.encode(np.zeros((2, 100), np.float32), BASE + 101)


def silence(codec: str, encoder: str, rate: int) -> tuple[TrackInfo, bytes]:
    """Return a mono track and a packet of its silence: the fewest bytes that last."""
    context = av.CodecContext.create(encoder, "w")
    context.sample_rate, context.layout = rate, "mono"
    context.format = context.codec.audio_formats[0].name
    context.flags |= av.codec.context.Flags.global_header
    context.bit_rate = 8000
    context.open()
    size = context.frame_size or 4096
    kind = {"fltp": np.float32, "s16": np.int16, "s16p": np.int16, "s32p": np.int32}[context.format.name]
    packets = []
    for at in range(0, 12 * size, size):
        frame = av.AudioFrame.from_ndarray(np.zeros((1, size), kind), format=context.format.name, layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = rate, at, Fraction(1, rate)
        packets += context.encode(frame)
    packets += context.encode(None)
    info = TrackInfo(MediaKind.AUDIO, codec, bytes(context.extradata or b""), sample_rate=rate, channels=1)
    return info, min((bytes(p) for p in packets if p.size), key=len)


@pytest.mark.parametrize(
    ("codec", "encoder", "rate"),
    [("aac", "aac", 48_000), ("mp3", "libmp3lame", 8000), ("ac3", "ac3", 32_000), ("flac", "flac", 48_000)],
)
@pytest.mark.parametrize("size", [7000, 8 << 20])
def test_a_packet_that_stands_for_hours_of_silence_is_an_error_and_not_the_hours(
    codec: str, encoder: str, rate: int, size: int
) -> None:
    info, quiet = silence(codec, encoder, rate)
    decoder = make_decoder(info)
    sound = decoder.decode(Packet(MediaKind.AUDIO, quiet * (size // len(quiet)), 0, 0, SAMPLES))
    assert sum(samples.shape[1] for _, samples in sound) <= 32 * 4608 * TICK_RATE // rate
    assert decoder.errors == 1 or len(sound) <= 32


def test_packets_go_by_undecoded_after_one_with_too_many_frames() -> None:
    info, quiet = silence("aac", "aac", 48_000)
    decoder = make_decoder(info)
    decoder.decode(Packet(MediaKind.AUDIO, quiet * 100, 0, 0, SAMPLES))
    assert decoder.errors == 1
    heard = [bool(decoder.decode(Packet(MediaKind.AUDIO, quiet, 0, 0, SAMPLES))) for _ in range(120)]
    assert heard.index(True) == 100
    assert all(heard[100:])


def test_a_flac_frame_at_one_hertz_is_an_error() -> None:
    info, quiet = silence("flac", "flac", 48_000)
    slow = bytearray(info.extradata)
    slow[10:13] = bytes((0, 0, 0x10 | slow[12] & 0x0F))  # 20 bits of rate: 1 Hz
    packet = bytearray(quiet)
    packet[2] &= 0xF0  # the rate is that of the header
    packet[quiet_crc(packet)] = crc8(packet[: quiet_crc(packet)])
    packet[-2:] = crc16(packet[:-2]).to_bytes(2, "big")
    decoder = make_decoder(TrackInfo(MediaKind.AUDIO, "flac", bytes(slow), sample_rate=1, channels=1))
    assert decoder.decode(Packet(MediaKind.AUDIO, bytes(packet), 0, 0, SAMPLES)) == []
    assert decoder.errors == 1


def quiet_crc(frame: bytearray) -> int:
    """Return where the CRC-8 of a FLAC frame's header lies: behind the number and the sizes the header names."""
    sizes = {6: 1, 7: 2}.get(frame[2] >> 4, 0)
    return 5 + sizes


def crc8(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x07) & 0xFF if crc & 0x80 else crc << 1
    return crc


def crc16(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x8005) & 0xFFFF if crc & 0x8000 else crc << 1
    return crc


def test_sync_codes_in_the_sound_of_a_flac_frame_are_no_frames() -> None:
    info, packets, _ = encoded("flac", "flac", 48_000, "mono")
    frame = packets[0].data
    assert not flac.more_frames(frame + b"\xff\xf8\x00" * 500, 32)
    assert flac.more_frames(frame[:16] * 33, 32)
    assert flac.more_frames(b"\xff\xf8" * 4096, 32)
    assert make_decoder(info).decode(packets[0])
