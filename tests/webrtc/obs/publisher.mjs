// Publishes a recording by WHIP as OBS does, with OBS's library: the offer has no candidates (30.2 and later) or all of
// them (--candidates), the answer must be 201 and name a relative session URL, nothing is ever PATCHed, and
// the DELETE at the end must give 200. Tells what happens on standard output, a JSON document a line.
//
//   node publisher.mjs URL KEY RECORDING [--candidates] [--via PORT] [--stay] [--hasty]
//
// RECORDING: records of one byte V or A, the time in microseconds (8 bytes, little endian), the length (4 bytes) and
// the data, in order of time. --via: media goes to that port of 127.0.0.1 instead of the one in the answer.
// --hasty: DELETE right after the last frame.

import { readFileSync } from "node:fs";
import rtc from "node-datachannel";

const HTTP_TIMEOUT_MS = 60000; // OBS's own is 8 s: too little for a machine that is kept busy
const [url, key, recording, ...options] = process.argv.slice(2);
const via = options.includes("--via") ? options[options.indexOf("--via") + 1] : null;
const tell = (event, more = {}) => process.stdout.write(JSON.stringify({ event, ...more }) + "\n");
const headers = { Authorization: `Bearer ${key}` };
const random32 = () => Math.floor(Math.random() * 2 ** 32);

function records(path) {
  const file = readFileSync(path);
  const found = [];
  for (let at = 0; at < file.length; ) {
    const size = file.readUInt32LE(at + 9);
    const data = file.subarray(at + 13, at + 13 + size);
    found.push({ kind: String.fromCharCode(file[at]), atUs: Number(file.readBigUInt64LE(at + 1)), data });
    at += 13 + size;
  }
  return found;
}

function track(peer, description, kind, payloadType, rate, packetizer) {
  const config = new rtc.RtpPacketizationConfig(random32(), "obs-like", payloadType, rate);
  const handler = packetizer(config);
  handler.addToChain(new rtc.RtcpSrReporter(config));
  handler.addToChain(new rtc.RtcpNackResponder());
  const made = peer.addTrack(description);
  made.setMediaHandler(handler);
  made.onMessage((data) => data[1] === 206 && tell("pli", { kind }));
  const open = new Promise((done) => made.onOpen(done));
  return { made, open, config, rate, first: random32() };
}

function addTracks(peer) {
  const audio = new rtc.Audio("0", "SendOnly");
  audio.addOpusCodec(111, "minptime=10;maxaveragebitrate=96000;stereo=1;sprop-stereo=1;useinbandfec=1");
  audio.addSSRC(random32(), "obs-like", "obs-like", "obs-audio");
  const video = new rtc.Video("1", "SendOnly");
  video.addH264Codec(96, "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f");
  video.addSSRC(random32(), "obs-like", "obs-like", "obs-video");
  return {
    A: track(peer, audio, "audio", 111, 48000, (config) => new rtc.RtpPacketizer(config)),
    V: track(peer, video, "video", 96, 90000, (config) => new rtc.H264RtpPacketizer("StartSequence", config)),
  };
}

const without = (sdp, ...starts) => sdp.split("\r\n").filter((line) => !starts.some((start) => line.startsWith(start)));

function rerouted(answer) {
  const lines = without(answer, "a=candidate:", "a=end-of-candidates");
  const last = lines.findIndex((line) => line.startsWith("a=mid:"));
  lines.splice(last + 1, 0, `a=candidate:1 1 udp 2130706431 127.0.0.1 ${via} typ host`, "a=end-of-candidates");
  return lines.join("\r\n");
}

async function play(tracks, all) {
  const began = performance.now();
  for (const { kind, atUs, data } of all) {
    const waitMs = atUs / 1000 - (performance.now() - began);
    if (waitMs > 0) await new Promise((done) => setTimeout(done, waitMs));
    const { made, config, rate, first } = tracks[kind];
    config.timestamp = (first + Math.round((atUs * rate) / 1e6)) >>> 0;
    made.sendMessageBinary(Buffer.from(data));
  }
}

async function main() {
  const peer = new rtc.PeerConnection("obs-like", { iceServers: [], disableAutoNegotiation: true });
  const tracks = addTracks(peer);
  const connected = new Promise((done, fail) => {
    peer.onStateChange((state) => {
      if (state === "connected") done(tell("connected"));
      if (state === "failed" || state === "closed") fail(new Error(`the connection ${state}`));
    });
  });
  connected.catch(() => {});
  const gathered = new Promise((done) => peer.onGatheringStateChange((state) => state === "complete" && done()));
  peer.setLocalDescription("offer");
  if (options.includes("--candidates")) await gathered;
  let offer = peer.localDescription().sdp;
  if (!options.includes("--candidates")) offer = without(offer, "a=candidate:", "a=end-of-candidates").join("\r\n");
  const response = await fetch(url, {
    method: "POST",
    headers: { ...headers, "Content-Type": "application/sdp" },
    body: offer,
    signal: AbortSignal.timeout(HTTP_TIMEOUT_MS),
  });
  const answer = await response.text();
  const location = response.headers.get("location");
  tell("answered", { status: response.status, location, answer });
  if (response.status !== 201 || !location || location.includes("?")) process.exit(1);
  peer.setRemoteDescription(via ? rerouted(answer) : answer, "answer");
  await Promise.race([connected, new Promise((_, fail) => setTimeout(fail, 60000, new Error("not connected in 60 s")))]);
  await Promise.all([tracks.A.open, tracks.V.open]);
  await play(tracks, records(recording));
  tell("played");
  if (options.includes("--stay")) await new Promise(() => {});
  if (!options.includes("--hasty")) await new Promise((done) => setTimeout(done, 700)); // the last retransmissions
  const gone = await fetch(new URL(location, url), { method: "DELETE", headers });
  tell("deleted", { status: gone.status });
  peer.close();
  rtc.cleanup();
  process.exit(gone.status === 200 ? 0 : 1);
}

main().catch((error) => {
  tell("failed", { reason: String(error) });
  process.exit(1);
});
