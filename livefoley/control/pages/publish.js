// The page that publishes a camera or a file into a room by WHIP.

import { Refused, begin } from "./signalling.js";
import { listDevices, showLevel } from "./devices.js";
import { translate, words } from "./words.js";

const { room } = document.body.dataset;
const part = (id) => document.getElementById(id);
const video = part("video");
const MAX_BITRATE = 3_000_000;
const VIDEO = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } };
const AUDIO = { channelCount: 2, echoCancellation: false, noiseSuppression: false, autoGainControl: false };

let session;
let stream;
let hideLevel = () => {};

translate();
part("key").value = decodeURIComponent(location.hash.slice(1));
if (!video.captureStream && !video.mozCaptureStream) part("file-choice").title = words.no_file;
for (const id of ["from-camera", "from-file"]) {
  part(id).addEventListener("change", () => {
    part("file").hidden = !part("from-file").checked;
    if (part("from-file").checked) drop();
    else preview();
  });
}
for (const id of ["camera", "microphone"]) part(id).addEventListener("change", () => change().catch(fail));
preview();
part("form").addEventListener("submit", (event) => {
  event.preventDefault();
  publish().catch(fail);
});
part("stop").addEventListener("click", () => end(words.ended));
window.addEventListener("pagehide", () => session?.close());

async function publish() {
  part("start").disabled = true;
  say(words.connecting);
  if (part("from-file").checked) stream = await fromFile();
  else if (!stream) await openCamera();
  const connection = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
  for (const track of stream.getTracks()) send(connection, track);
  try {
    session = await begin(connection, `/${room}/whip`, part("key").value);
  } catch (error) {
    connection.close();
    throw error;
  }
  part("start").hidden = true;
  part("stop").hidden = false;
  part("state").textContent = words.live;
  part("state").classList.add("live");
  part("from-file").disabled = part("from-camera").disabled = true;
  say("");
  const own = session;
  const timer = setInterval(() => showFigures(own), 1000);
  await own.lost;
  clearInterval(timer);
  if (session === own) end(words.lost);
}

/** Show camera and microphone before anybody else sees them. */
function preview() {
  openCamera().then(() => say(session || part("start").disabled ? "" : words.preview), (error) => say(error.message));
}

async function openCamera() {
  if (!navigator.mediaDevices) throw new Error(words.insecure);
  try {
    const found = await navigator.mediaDevices.getUserMedia({
      video: { ...VIDEO, ...chosen("camera") },
      audio: { ...AUDIO, ...chosen("microphone") },
    });
    for (const track of found.getVideoTracks()) track.contentHint = "motion";
    const before = stream;
    stream = found;
    video.srcObject = found;
    await video.play();
    hideLevel();
    hideLevel = showLevel(found, part("level"));
    await listDevices(found, part("camera"), part("microphone"));
    return before;
  } catch (error) {
    throw new Error(words.no_camera + error.message);
  }
}

function chosen(id) {
  return part(id).value ? { deviceId: { exact: part(id).value } } : {};
}

/** Take another camera or microphone, on air as well. */
async function change() {
  const before = await openCamera();
  for (const sender of session?.connection.getSenders() ?? []) {
    const track = stream.getTracks().find((one) => one.kind === sender.track?.kind);
    if (track) await sender.replaceTrack(track);
  }
  before?.getTracks().forEach((track) => track.stop());
}

function drop() {
  hideLevel();
  stream?.getTracks().forEach((track) => track.stop());
  stream = undefined;
  video.pause();
  video.srcObject = null;
}

async function fromFile() {
  const [file] = part("file").files;
  const capture = video.captureStream ?? video.mozCaptureStream;
  if (!file || !capture) throw new Error(words.no_file);
  video.srcObject = null;
  video.src = URL.createObjectURL(file);
  video.loop = true;
  video.muted = false; // what is muted is captured silent in some browsers
  await video.play();
  return capture.call(video);
}

function send(connection, track) {
  const encoding = track.kind === "video" ? { maxBitrate: MAX_BITRATE, maxFramerate: 30 } : { maxBitrate: 128_000 };
  const transceiver = connection.addTransceiver(track, {
    direction: "sendonly",
    streams: [stream],
    sendEncodings: [encoding],
  });
  if (track.kind !== "video" || !transceiver.setCodecPreferences) return;
  track.contentHint = "motion";
  const { codecs } = RTCRtpSender.getCapabilities("video");
  const rank = ({ mimeType }) => ["video/h264", "video/vp8"].indexOf(mimeType.toLowerCase()) >>> 0;
  transceiver.setCodecPreferences([...codecs].sort((one, other) => rank(one) - rank(other)));
}

let sent = { bytes: 0, at: 0 };

async function showFigures(of) {
  const statistics = [...(await of.connection.getStats()).values()];
  const going = statistics.find((one) => one.type === "outbound-rtp" && one.kind === "video");
  if (!going) return;
  const kbps = Math.round((8 * (going.bytesSent - sent.bytes)) / Math.max(1, going.timestamp - sent.at));
  sent = { bytes: going.bytesSent, at: going.timestamp };
  const { framesPerSecond = 0, frameWidth = 0, frameHeight = 0 } = going;
  part("figures").textContent = words.figures(kbps, Math.round(framesPerSecond), frameWidth, frameHeight);
}

function fail(error) {
  const wrongKey = error instanceof Refused && error.status === 401;
  end(wrongKey ? words.wrong_publish_key : error instanceof Refused ? words.refused + error.message : error.message);
}

function end(text) {
  session?.close();
  session = undefined;
  drop();
  part("start").disabled = part("start").hidden = false;
  part("from-file").disabled = part("from-camera").disabled = false;
  part("stop").hidden = true;
  part("state").textContent = part("figures").textContent = "";
  part("state").classList.remove("live");
  say(text);
}

function say(text) {
  part("notice").textContent = text;
}
