// Plays a room by HLS: with the browser's own player, or with ours on MSE.

import { authorised, refusal } from "./signalling.js";
import { Segments } from "./segments.js";

const ORIGINAL = "Original"; // its name in the playlist

/** Ask where a room plays by HLS, for who has its key. Rejects with a Refused. */
export async function locate(room, key) {
  const response = await fetch(`/${room}/hls`, { headers: authorised(key), cache: "no-store" });
  if (!response.ok) throw await refusal(response);
  return (await response.json()).playlist;
}

/**
 * Play in `video` what `where()` resolves to; it is asked again when an address has ended. Rejects when this browser
 * cannot, when there is no playlist, or as `where` does. Resolves to a function that chooses the sound, the original
 * (`true`) or the programme's, and to undefined where there is no choice.
 */
export async function playHls(video, where) {
  const url = await where();
  const first = await fetch(url, { cache: "no-store" });
  if (!first.ok) throw new Error("no playlist");
  const choice = (await first.text()).includes(`NAME="${ORIGINAL}"`);
  video.srcObject = null;
  const Source = window.ManagedMediaSource ?? window.MediaSource;
  // Safari's own player lets a page choose, Chromium's does not
  if (video.canPlayType("application/vnd.apple.mpegurl") && (!choice || video.audioTracks || !Source)) {
    playNatively(video, where, url, Source);
    return choice && video.audioTracks ? (original) => chooseTrack(video, original) : undefined;
  }
  if (!Source) throw new Error("no MSE");
  const segments = await playSegments(video, where, Source);
  return choice ? (original) => segments.choose(original) : undefined;
}

function playNatively(video, where, url, Source) {
  video.src = url;
  const own = video.src;
  // Chromium's own player gives up on a playlist of one segment, as it is when a stream begins
  const again = async () => {
    if (video.src !== own) return;
    if (Source) await playSegments(video, where, Source);
    else video.src = await where();
  };
  video.addEventListener("error", () => again().catch(() => {}), { once: true });
}

function chooseTrack(video, original) {
  for (const track of video.audioTracks) track.enabled = (track.label === ORIGINAL) === original;
}

async function playSegments(video, where, Source) {
  const source = new Source();
  video.disableRemotePlayback = true;
  video.src = URL.createObjectURL(source);
  await new Promise((resolve) => source.addEventListener("sourceopen", resolve, { once: true }));
  const segments = new Segments(video, source, where);
  segments.run().catch(() => {
    if (source.readyState === "open") source.endOfStream();
  });
  return segments;
}
