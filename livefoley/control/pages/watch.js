// The page of a room: plays it by WHEP, and by HLS where WebRTC does not come through.

import { locate, playHls } from "./hls.js";
import { Refused, begin } from "./signalling.js";
import { translate, words } from "./words.js";

const { room, hls, keyed } = document.body.dataset;
const lookaheadS = Number(document.body.dataset.lookaheadS);
const part = (id) => document.getElementById(id);
const video = part("video");
const NOT_CARRIED = 406;
const HLS_TRIES = 1; // failures of WebRTC before HLS takes over
const AWAY_MS = 3000;
const RETRY_MS = [1000, 2000, 5000, 10_000];
const AGAIN_MS = 1000 * lookaheadS + 5000; // what the publisher sent before has left by then

let key = decodeURIComponent(location.hash.slice(1)); // never in the query: servers log that
let session;
let failures = 0;
let cameMs; // when the publisher came, as long as WebRTC has not been tried since

window.livefoleySession = () => session; // for those who look at its statistics in the console
translate();
run();
setInterval(showAway, AWAY_MS);

async function run() {
  let connected;
  for (;;) {
    try {
      await watch(connected ?? (await connect()));
      connected = undefined;
    } catch (error) {
      connected = undefined;
      if (!(await settled(error))) continue;
      if (error.status !== NOT_CARRIED) return;
      connected = await carried();
    }
  }
}

/** While HLS plays, wait until the publisher has come back with what WebRTC carries; resolves to a connection. */
async function carried() {
  cameMs = Date.now(); // what was refused may have been the last of what was sent before
  for (;;) {
    await pause(1000);
    if (cameMs === undefined || Date.now() - cameMs < AGAIN_MS) continue;
    cameMs = undefined;
    const connected = await connect().catch(() => undefined);
    if (connected) return connected;
  }
}

/** Begin to watch by WHEP; resolves to the stream. */
async function connect() {
  if (!window.RTCPeerConnection) throw new Error(words.no_webrtc);
  if (part("way").textContent !== "HLS") say(words.connecting);
  const connection = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
  const stream = new MediaStream();
  connection.addEventListener("track", (event) => stream.addTrack(event.track));
  for (const kind of ["video", "audio"]) connection.addTransceiver(kind, { direction: "recvonly" });
  try {
    session = await begin(connection, `/${room}/whep`, key);
  } catch (error) {
    connection.close();
    throw error;
  }
  return stream;
}

/** Play what has been connected until the connection is lost. */
async function watch(stream) {
  failures = 0;
  part("why").textContent = "";
  video.removeAttribute("src");
  video.srcObject = stream;
  part("way").textContent = "WebRTC";
  const foley = session.links.find((found) => found.rel === "urn:livefoley:foley");
  if (foley) {
    const url = new URL(foley.url, location.href);
    offerFoley(async (mute) => (await session.request(url, "PUT", { mute })).ok);
  }
  await play();
  say("");
  const timer = setInterval(showLatency, 1000);
  await session.lost;
  clearInterval(timer);
  session.close();
  part("foley").hidden = true;
  say(words.lost);
}

/** Do what an error asks for; true when HLS plays instead. */
async function settled(error) {
  const status = error instanceof Refused ? error.status : 0;
  if (status === 401 || (status === 403 && keyed === "true")) {
    await askForKey(error);
    return false;
  }
  if ([409, 503, 429].includes(status)) {
    say(status === 409 ? words.idle : words.full);
    await pause(error.retryAfterS * 1000);
    return false;
  }
  failures += 1;
  const byHlsAlone = status === 403 && hls === "true"; // a room without key that has no WebRTC for strangers
  const reason = !status ? words.no_webrtc : /B-frames/.test(error.message) ? words.b_frames : error.message;
  const told = byHlsAlone ? words.by_hls : words.only_hls + reason;
  if (hls === "true" && (status || failures > HLS_TRIES) && (await startHls(told))) return true;
  say(byHlsAlone ? words.idle : status ? words.no_way + reason : words.lost);
  await pause(RETRY_MS[Math.min(failures, RETRY_MS.length) - 1]);
  return false;
}

async function startHls(told) {
  let choose;
  try {
    choose = await playHls(video, () => locate(room, key));
  } catch {
    return false;
  }
  if (choose) {
    offerFoley(async (mute) => {
      choose(mute);
      return true;
    });
  }
  part("way").textContent = "HLS";
  part("why").textContent = told; // stays: who wonders about the delay finds it
  say("");
  await play();
  return true;
}

/** Begin with sound where the browser allows it, else silent with a button. */
async function play() {
  try {
    await video.play();
  } catch {
    video.muted = true;
    await video.play().catch(() => {});
  }
  showSound();
}

function showSound() {
  part("unmute").hidden = !video.muted || part("sound").dataset.chosen === "true";
  part("sound").hidden = false;
  part("sound").textContent = video.muted ? words.sound_on : words.sound_off;
}

for (const id of ["unmute", "sound"]) {
  part(id).addEventListener("click", () => {
    video.muted = !video.muted;
    part("sound").dataset.chosen = "true";
    video.play().catch(() => {});
    showSound();
  });
}

part("full").addEventListener("click", () => {
  if (document.fullscreenElement) document.exitFullscreen();
  else if (video.requestFullscreen) video.requestFullscreen();
  else video.webkitEnterFullscreen?.(); // iPhone
});

// ---- with and without foley ----

/** Show the button; `change(mute)` resolves to whether the sound has changed. */
function offerFoley(change) {
  const button = part("foley");
  button.hidden = false;
  button.textContent = words.foley;
  button.title = words.foley_title;
  button.setAttribute("aria-pressed", "true");
  button.onclick = async () => {
    const mute = button.getAttribute("aria-pressed") === "true";
    if (await change(mute).catch(() => false)) button.setAttribute("aria-pressed", String(!mute));
  };
}

// ---- latency ----

let buffered = { delay: 0, count: 0 };

/** The look-ahead of the room, the way through the network, and what waits in the browser to be played. */
async function showLatency() {
  const statistics = [...(await session.connection.getStats()).values()];
  const playing = statistics.find((one) => one.type === "inbound-rtp" && one.kind === "video") ??
    statistics.find((one) => one.type === "inbound-rtp");
  const way = statistics.find((one) => one.type === "candidate-pair" && one.nominated);
  if (!playing) return;
  const { jitterBufferDelay: delay = 0, jitterBufferEmittedCount: count = 0 } = playing;
  const waitS = count > buffered.count ? (delay - buffered.delay) / (count - buffered.count) : 0;
  buffered = { delay, count };
  const totalS = lookaheadS + (way?.currentRoundTripTime ?? 0) / 2 + waitS;
  part("latency").textContent = words.behind(totalS.toFixed(1));
}

// ---- the play key ----

async function askForKey(error) {
  say(key ? words.wrong_key : error.status === 403 ? words.no_way + error.message : "");
  part("key-form").hidden = false;
  part("key").focus();
  await new Promise((resolve) => {
    part("key-form").onsubmit = (event) => {
      event.preventDefault();
      key = part("key").value;
      part("key-form").hidden = true;
      resolve();
    };
  });
}

/** Tell that the picture stands still because the publisher is away. */
async function showAway() {
  const answer = await fetch(`/${room}/state`, { cache: "no-store" }).catch(() => undefined);
  const { state } = answer?.ok ? await answer.json() : {};
  if (state === "live" && !part("away").hidden) cameMs = Date.now();
  part("away").hidden = state !== "holding";
}

function say(text) {
  part("notice").textContent = text;
}

function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

window.addEventListener("pagehide", () => session?.close());
