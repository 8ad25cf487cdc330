// WHIP and WHEP from the browser's side: one offer, one answer, a session that is deleted at the end.

const CONNECT_TIMEOUT_MS = 10_000;
const LOST_MS = 5_000;

/** A refusal, with the server's words. */
export class Refused extends Error {
  constructor(status, detail, retryAfterS) {
    super(detail);
    this.status = status;
    this.retryAfterS = retryAfterS;
  }
}

/** A peer connection that is up, and the session it belongs to. */
export class Session {
  constructor(connection, url, key, links) {
    this.connection = connection;
    this.url = url;
    this.links = links;
    this.lost = new Promise((resolve) => watchOver(connection, resolve));
    this.#key = key;
  }

  #key;

  /** Ask something of the session; resolves to the response. */
  request(url, method, body) {
    const headers = authorised(this.#key);
    if (body !== undefined) headers["Content-Type"] = "application/json";
    return fetch(url, { method, headers, body: body && JSON.stringify(body), keepalive: true });
  }

  /** Say goodbye, also while the page goes away. */
  close() {
    this.connection.close();
    this.request(this.url, "DELETE").catch(() => {});
  }
}

/** Offer what `connection` is set up for at `endpoint`; resolves to a Session once media can flow. */
export async function begin(connection, endpoint, key) {
  const made = await connection.createOffer();
  const offer = { type: "offer", sdp: inStereo(made.sdp) };
  const response = await fetch(endpoint, {
    method: "POST",
    headers: { ...authorised(key), "Content-Type": "application/sdp" },
    body: offer.sdp,
  });
  if (response.status !== 201) throw await refusal(response);
  const links = parseLinks(response.headers.get("Link") ?? "");
  const url = new URL(response.headers.get("Location"), response.url);
  const session = new Session(connection, url, key, links);
  try {
    // Only now does it look for ways to the server: with the servers that may help. It needs no PATCH: the answer
    // names the server's addresses, and the server learns ours from where we knock.
    connection.setConfiguration({ ...connection.getConfiguration(), iceServers: iceServers(links) });
    await connection.setLocalDescription(offer);
    await connection.setRemoteDescription({ type: "answer", sdp: await response.text() });
    await connected(connection);
  } catch (error) {
    session.close();
    throw error;
  }
  return session;
}

/** Ask for two channels: without it Chrome decodes and encodes Opus as one. */
function inStereo(sdp) {
  const type = sdp.match(/a=rtpmap:(\d+) opus\/48000\/2/i)?.[1];
  return type ? sdp.replace(new RegExp(`(a=fmtp:${type} [^\\r\\n]*)`), "$1;stereo=1;sprop-stereo=1") : sdp;
}

/** The headers that give a key. */
export function authorised(key) {
  return key ? { Authorization: `Bearer ${key}` } : {};
}

/** Read what a server said no with. */
export async function refusal(response) {
  const problem = await response.json().catch(() => ({}));
  const retry = Number(response.headers.get("Retry-After")) || 5;
  return new Refused(response.status, problem.detail ?? response.statusText, retry);
}

function connected(connection) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("timeout")), CONNECT_TIMEOUT_MS);
    const look = () => {
      if (connection.connectionState === "connected") {
        clearTimeout(timer);
        resolve();
      } else if (["failed", "closed"].includes(connection.connectionState)) {
        clearTimeout(timer);
        reject(new Error(connection.connectionState));
      }
    };
    connection.addEventListener("connectionstatechange", look);
    look();
  });
}

/** Call `gone` when the connection is over, or has been down for a while. */
function watchOver(connection, gone) {
  let timer;
  connection.addEventListener("connectionstatechange", () => {
    clearTimeout(timer);
    const state = connection.connectionState;
    if (state === "failed" || state === "closed") gone();
    if (state === "disconnected") timer = setTimeout(gone, LOST_MS);
  });
}

/** Read a Link header (RFC 8288) into [{url, rel, ...}]. */
export function parseLinks(header) {
  return [...header.matchAll(/<([^>]*)>((?:\s*;\s*[\w-]+="[^"]*")*)/g)].map(([, url, rest]) => {
    const parameters = [...rest.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, name, value]) => [name, value]);
    return { url, ...Object.fromEntries(parameters) };
  });
}

function iceServers(links) {
  return links
    .filter((link) => link.rel === "ice-server")
    .map(({ url, username, credential }) => ({
      urls: url,
      ...(username && { username: decodeURIComponent(username), credential: decodeURIComponent(credential) }),
    }));
}
