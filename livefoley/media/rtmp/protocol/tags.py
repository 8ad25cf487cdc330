"""The numbers of FLV tags, legacy and enhanced (Adobe FLV 10.1, annex E; Veovera Enhanced RTMP v2)."""

from __future__ import annotations

# The high nibble of an audio tag's first byte; 9 means that a FourCC follows.
MP3, ALAW, MULAW, EX_AUDIO, AAC, MP3_8K = 2, 7, 8, 9, 10, 14
PCM_NATIVE, PCM = 0, 3  # of 8 or 16 bits, as the first byte says; the native order of whoever sends it is little-endian
LEGACY_AUDIO = {MP3: "mp3", MP3_8K: "mp3", ALAW: "pcm_alaw", MULAW: "pcm_mulaw", AAC: "aac"}
LEGACY_AUDIO |= {1: "adpcm_swf", PCM_NATIVE: "pcm_s16le", PCM: "pcm_s16le", 4: "nellymoser", 5: "nellymoser"}
LEGACY_AUDIO |= {6: "nellymoser", 11: "speex"}
FIXED_RATES = {4: 16_000, 5: 8000, ALAW: 8000, MULAW: 8000, 11: 16_000}
"""Of forms whose first byte does not tell the rate."""
AUDIO_RATES = (5512, 11_025, 22_050, 44_100)
"""By the two bits of an audio tag's first byte."""

# The low nibble of a video tag's first byte. 12 is not Adobe's: encoders in China send HEVC so.
AVC, HEVC = 7, 12
LEGACY_VIDEO = {AVC: "h264", HEVC: "hevc"}
VIDEO_NAMES = {2: "Sorenson H.263", 3: "Screen video", 4: "VP6", 5: "VP6 with alpha", 6: "Screen video 2"}
KEYFRAME, INTER_FRAME, COMMAND_FRAME = 1, 2, 5
EX_VIDEO = 0x80

# Packet types; the first three are also those of legacy AVC and AAC tags.
SEQUENCE_START, CODED_FRAMES, CODED_FRAMES_X = 0, 1, 3  # 2 ends a sequence
VIDEO_METADATA, VIDEO_MULTITRACK, AUDIO_MULTITRACK, MOD_EX = 4, 6, 5, 7
ONE_TRACK, MANY_CODECS = 0, 2  # forms of a multitrack tag; 1 is many tracks of one codec

VIDEO_FOUR_CCS = {b"avc1": "h264", b"hvc1": "hevc", b"av01": "av1", b"vp09": "vp9", b"vp08": "vp8"}
AUDIO_FOUR_CCS = {b"mp4a": "aac", b"Opus": "opus", b".mp3": "mp3", b"ac-3": "ac3", b"ec-3": "eac3", b"fLaC": "flac"}
WITH_COMPOSITION = frozenset({"h264", "hevc"})
"""Codecs whose CODED_FRAMES carry a composition offset."""

NEEDS_CONFIGURATION = frozenset({"h264", "hevc", "aac"})
"""Codecs that nobody can decode before their sequence header has come."""

FOUR_CCS = [four_cc.decode() for four_cc in (*VIDEO_FOUR_CCS, *AUDIO_FOUR_CCS)]
