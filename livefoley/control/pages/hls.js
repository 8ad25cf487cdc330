// A small HLS player for livefoley's own playlists (fragmented MP4, one rendition): the browser's, or one on MSE.

import { authorised, refusal } from "./signalling.js";

const BEHIND_S = 3; // how far from the end to begin
const KEPT_S = 20;

/** Ask where a room plays by HLS, for who has its key. Rejects with a Refused. */
export async function locate(room, key) {
  const response = await fetch(`/${room}/hls`, { headers: authorised(key), cache: "no-store" });
  if (!response.ok) throw await refusal(response);
  return (await response.json()).playlist;
}

/**
 * Play in `video` what `where()` resolves to; it is asked again when an address has ended. Rejects when this browser
 * cannot, when there is no playlist, or as `where` does.
 */
export async function playHls(video, where) {
  const url = await where();
  const first = await fetch(url, { cache: "no-store" });
  if (!first.ok) throw new Error("no playlist");
  video.srcObject = null;
  const Source = window.ManagedMediaSource ?? window.MediaSource;
  if (video.canPlayType("application/vnd.apple.mpegurl")) {
    video.src = url;
    const own = video.src;
    // Chromium's own player gives up on a playlist of one segment, as it is when a stream begins
    const again = async () => {
      if (video.src !== own) return;
      if (Source) await playSegments(video, where, Source);
      else video.src = await where();
    };
    video.addEventListener("error", () => again().catch(() => {}), { once: true });
    return;
  }
  if (!Source) throw new Error("no MSE");
  await playSegments(video, where, Source);
}

async function playSegments(video, where, Source) {
  const source = new Source();
  video.disableRemotePlayback = true;
  video.src = URL.createObjectURL(source);
  await once(source, "sourceopen");
  feed(video, source, where).catch(() => {
    if (source.readyState === "open") source.endOfStream();
  });
}

async function feed(video, source, where) {
  let url = new URL(await where(), location.href);
  let buffer;
  let init = "";
  let next = -1;
  for (;;) {
    const answer = await fetch(url, { cache: "no-store" });
    if ([403, 410].includes(answer.status)) {
      await new Promise((resolve) => setTimeout(resolve, 1000));
      url = new URL(await where(), location.href);
      continue;
    }
    if (!answer.ok) throw new Error(String(answer.status));
    const list = parse(await answer.text());
    if (next < list.first) next = Math.max(list.first, list.first + list.segments.length - 2);
    for (const segment of list.segments.slice(next - list.first)) {
      const data = await (await get(new URL(segment.uri, url))).arrayBuffer();
      if (segment.init !== init) {
        init = segment.init;
        const head = await (await get(new URL(init, url))).arrayBuffer();
        const type = mediaType(new Uint8Array(head));
        if (!buffer) {
          buffer = source.addSourceBuffer(type);
          buffer.mode = "sequence";
        } else buffer.changeType(type);
        await append(buffer, head);
      }
      await append(buffer, data);
      next += 1;
      await tidy(video, buffer);
    }
    if (list.ended) return source.endOfStream();
    await new Promise((resolve) => setTimeout(resolve, list.targetS * 400));
  }
}

/** Keep near the end, and little behind. */
async function tidy(video, buffer) {
  const { buffered } = video;
  if (!buffered.length) return;
  const end = buffered.end(buffered.length - 1);
  if (video.currentTime < buffered.start(0) || end - video.currentTime > 4 * BEHIND_S) {
    video.currentTime = Math.max(buffered.start(0), end - BEHIND_S);
  }
  if (video.currentTime - buffered.start(0) > KEPT_S) {
    buffer.remove(0, video.currentTime - KEPT_S / 2);
    await once(buffer, "updateend");
  }
}

async function append(buffer, data) {
  buffer.appendBuffer(data);
  await once(buffer, "updateend");
}

function parse(text) {
  const list = { first: 0, targetS: 2, ended: false, segments: [] };
  let init = "";
  for (const line of text.split("\n").map((part) => part.trim())) {
    if (line.startsWith("#EXT-X-MEDIA-SEQUENCE:")) list.first = Number(line.slice(22));
    else if (line.startsWith("#EXT-X-TARGETDURATION:")) list.targetS = Number(line.slice(22));
    else if (line.startsWith("#EXT-X-MAP:")) init = line.match(/URI="([^"]*)"/)[1];
    else if (line === "#EXT-X-ENDLIST") list.ended = true;
    else if (line && !line.startsWith("#")) list.segments.push({ uri: line, init });
  }
  return list;
}

/** Read the codecs from an initialisation segment: H.264 by its avcC; others go by what is usual. */
function mediaType(head) {
  const at = (name) => {
    const codes = [...name].map((letter) => letter.charCodeAt(0));
    return head.findIndex((_, index) => codes.every((code, offset) => head[index + offset] === code));
  };
  const hex = (byte) => byte.toString(16).padStart(2, "0");
  const codecs = [];
  const avc = at("avcC");
  if (avc >= 0) codecs.push(`avc1.${hex(head[avc + 5])}${hex(head[avc + 6])}${hex(head[avc + 7])}`);
  else if (at("hvcC") >= 0) codecs.push("hvc1.1.6.L120.90");
  else if (at("av1C") >= 0) codecs.push("av01.0.08M.08");
  if (at("mp4a") >= 0) codecs.push("mp4a.40.2");
  return `video/mp4; codecs="${codecs.join(",")}"`;
}

async function get(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(String(response.status));
  return response;
}

function once(target, name) {
  return new Promise((resolve) => target.addEventListener(name, resolve, { once: true }));
}
