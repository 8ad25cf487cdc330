// A small HLS player on MSE for livefoley's own playlists of fragmented MP4: one track with all, or pictures and sound
// apart, with a choice of two sounds. Tracks are cut at the same times, and their segments numbered alike.

import { isIndex, parseIndex, parseSegments } from "./playlist.js";

const BEHIND = 1.5; // how far from the end to begin, in target durations: the next segment must come before its time
const LEFT_BEHIND = 4; // times that
const KEPT_S = 20;
const KEPT_STARTS = 16;
const TICKS_PER_S = 48_000;

/** Feeds a video from what `where()` resolves to; it is asked again when an address has ended. */
export class Segments {
  #video;
  #source;
  #where;
  #base;
  #names;
  #tracks = [];
  #original = false;
  #behindS = 3;
  #wake = () => {};

  constructor(video, source, where) {
    this.#video = video;
    this.#source = source;
    this.#where = where;
  }

  /** Play until the stream ends. Rejects when it cannot be had any more. */
  async run() {
    for (;;) {
      this.#base ??= new URL(await this.#where(), location.href);
      const list = await this.#round().catch((error) => this.#bear(error));
      if (list?.ended) return this.#source.endOfStream();
      await new Promise((resolve) => {
        this.#wake = resolve;
        setTimeout(resolve, (list?.targetS ?? 2.5) * 400);
      });
    }
  }

  /** Choose the original sound, or the programme's; it takes over from where the video plays. */
  choose(original) {
    this.#original = original;
    this.#wake();
  }

  /** Append what is new of every track; return the playlist of the sound. */
  async #round() {
    if (!this.#names) await this.#begin();
    const sound = this.#tracks.at(-1);
    const wanted = (this.#original && this.#names.original) || this.#names.sound;
    if (sound.name !== wanted) await this.#exchange(sound, wanted);
    let list;
    for (const track of this.#tracks) list = await this.#follow(track);
    this.#behindS = BEHIND * list.targetS;
    await this.#tidy();
    return list;
  }

  /** Make a buffer for each track before anything is in one: a browser takes no others later. */
  async #begin() {
    const text = await (await get(this.#base, { cache: "no-store" })).text();
    const apart = isIndex(text);
    const names = apart ? parseIndex(text) : { sound: this.#base.pathname.split("/").at(-1) };
    const tracks = await Promise.all([names.pictures, names.sound].filter(Boolean).map((name) => this.#open(name)));
    for (const track of tracks) {
      track.buffer = this.#source.addSourceBuffer(mediaType(track.head));
      track.buffer.mode = apart ? "segments" : "sequence"; // tracks that are apart have but their stamps in common
    }
    [this.#names, this.#tracks] = [names, tracks];
  }

  async #open(name) {
    const list = await this.#list(name);
    const init = list.segments.findLast((segment) => segment.init)?.init;
    if (!init) throw new Gone();
    return { name, init, head: await this.#bytes(init), known: false, next: -1, starts: new Map() };
  }

  async #follow(track) {
    const list = await this.#list(track.name);
    if (track.next < list.first) track.next = Math.max(list.first, list.first + list.segments.length - 2);
    for (const segment of list.segments.slice(track.next - list.first)) {
      if (!segment.gap) await this.#add(track, segment, await this.#bytes(segment.uri));
      track.next += 1;
    }
    return list;
  }

  async #add(track, segment, data) {
    if (segment.init !== track.init) {
      track.head = await this.#bytes(segment.init);
      track.buffer.changeType(mediaType(track.head));
      track.init = segment.init;
      track.known = false;
    }
    if (!track.known) await append(track.buffer, track.head);
    track.known = true;
    await append(track.buffer, data);
    track.starts.set(track.next, startS(data));
    if (track.starts.size > KEPT_STARTS) track.starts.delete(track.starts.keys().next().value);
  }

  /** Lay the segments of another sound over those of this one, from the one that plays on. */
  async #exchange(track, name) {
    const list = await this.#list(name);
    const begun = [...track.starts].filter(([, start]) => start <= this.#video.currentTime);
    const from = Math.max(list.first, begun.at(-1)?.[0] ?? list.first);
    const segments = list.segments.slice(from - list.first, Math.max(0, track.next - list.first));
    const found = await Promise.all(segments.map(({ uri, gap }) => (gap ? undefined : this.#bytes(uri))));
    [track.name, track.next] = [name, from];
    for (const [at, segment] of segments.entries()) {
      if (found[at]) await this.#add(track, segment, found[at]);
      track.next += 1;
    }
  }

  /** Keep near the end, and little behind; go on after a hole. */
  async #tidy() {
    const video = this.#video;
    const { buffered } = video;
    if (!buffered.length) return;
    const end = buffered.end(buffered.length - 1);
    const ranges = Array.from({ length: buffered.length }, (_, at) => [buffered.start(at), buffered.end(at)]);
    const [next] = ranges.find(([, until]) => until > video.currentTime + 0.1) ?? [0];
    const begin = Math.max(buffered.start(0), end - this.#behindS);
    if (end - video.currentTime > LEFT_BEHIND * this.#behindS) video.currentTime = begin;
    else if (video.currentTime < next) video.currentTime = next;
    for (const { buffer } of this.#tracks) {
      if (!buffer.buffered.length || video.currentTime - buffer.buffered.start(0) <= KEPT_S) continue;
      buffer.remove(0, video.currentTime - KEPT_S / 2);
      await once(buffer, "updateend");
    }
  }

  /** Go on after what passes: an address that has ended, a segment that has left before it was here. */
  async #bear(error) {
    if (!(error instanceof Gone)) throw error;
    if ([403, 410].includes(error.status)) this.#base = undefined;
  }

  async #list(name) {
    return parseSegments(await (await get(new URL(name, this.#base), { cache: "no-store" })).text());
  }

  async #bytes(name) {
    return new Uint8Array(await (await get(new URL(name, this.#base))).arrayBuffer());
  }
}

/** What is not there now. */
class Gone extends Error {
  constructor(status) {
    super(String(status));
    this.status = status;
  }
}

async function get(url, options) {
  const response = await fetch(url, options);
  if ([403, 404, 410].includes(response.status)) throw new Gone(response.status);
  if (!response.ok) throw new Error(String(response.status));
  return response;
}

async function append(buffer, data) {
  buffer.appendBuffer(data);
  await once(buffer, "updateend");
}

function once(target, name) {
  return new Promise((resolve) => target.addEventListener(name, resolve, { once: true }));
}

/** Where a segment begins: the decode time of its first sample. */
function startS(data) {
  const at = find(data, "tfdt");
  return Number(new DataView(data.buffer, data.byteOffset + at + 8, 8).getBigUint64(0)) / TICKS_PER_S;
}

/** Read the codecs from an initialisation segment: H.264 by its avcC; others go by what is usual. */
function mediaType(head) {
  const hex = (byte) => byte.toString(16).padStart(2, "0");
  const codecs = [];
  const avc = find(head, "avcC");
  if (avc >= 0) codecs.push(`avc1.${hex(head[avc + 5])}${hex(head[avc + 6])}${hex(head[avc + 7])}`);
  else if (find(head, "hvcC") >= 0) codecs.push("hvc1.1.6.L120.90");
  else if (find(head, "av1C") >= 0) codecs.push("av01.0.08M.08");
  if (find(head, "mp4a") >= 0) codecs.push("mp4a.40.2");
  const kind = codecs.length === 1 && codecs[0].startsWith("mp4a") ? "audio" : "video";
  return `${kind}/mp4; codecs="${codecs.join(",")}"`;
}

function find(data, name) {
  const codes = [...name].map((letter) => letter.charCodeAt(0));
  return data.findIndex((_, index) => codes.every((code, offset) => data[index + offset] === code));
}
