"""What vulture takes for unused and is not, by who uses it. `make lint` reads it; what is gone goes from here, too."""
# ruff: noqa: B018, F821

# Attributes of other libraries' objects: setting them is the use.
_.bit_rate, _.codec_tag, _.copy_opaque, _.flags2, _.framerate, _.gop_size, _.pict_type, _.pix_fmt, _.skip_frame  # PyAV
_.thread_count, _.thread_type  # PyAV
_.enable_cpu_mem_arena, _.enable_mem_pattern, _.inter_op_num_threads, _.intra_op_num_threads  # onnxruntime
_.log_severity_level  # onnxruntime
_.elem_type  # onnx
_.cuda_graph_strategy, _.num_compute_capabilities  # TensorRT
_._preferred_codecs, _._recv, _._RTCRtpReceiver__jitter_buffer, _._RTCRtpReceiver__nack_generator  # aiortc
_._RTCRtpTransceiver__receiver, _._RTCRtpTransceiver__sender, _.sdpMid  # aiortc
_._handle_rtp_data, _.get_host_addresses, _.unprotect, _.unprotect_rtcp, use_ipv4, use_ipv6  # aiortc, in a benchmark
_._protocols, _.get_component_candidates  # aioice
_.capture_signals, _.handshake_complete, _.should_exit, _.startup  # uvicorn
_.raiseExceptions, _.unraisablehook  # logging, sys

# Called by other libraries.
_.buffer_updated, _.data_received, _.datagram_received, _.get_buffer, _.pause_writing, _.resume_writing  # asyncio
addr, sizehint  # asyncio's arguments
_._load_env_vars, dotenv_settings, env_settings, file_secret_settings, settings_cls  # pydantic-settings
_._display  # pydantic
_.find_class, _.persistent_load  # pickle
_.get_next  # onnxruntime's calibration
JobRequest  # Celery, which is told its name

# Fields that are read as a whole: by `asdict` for JSON, or by people.
created_at, expires_at, expires_s, hidden_s, published_s, stream_end_s, stream_start_s, model_version, airs_at, author
audio_codec, video_codec
jitter_s, uncertainty
CLIP_FAILED, CLIP_QUARANTINED, CLIP_READY, REJECT  # of enumerations that are named by their values
__call__  # of a protocol

# The door for makers that are plain functions; those there are have a worker.
ThreadedMaker

# What tests hold against the truth.
TRIED_WITH, worker_pid
