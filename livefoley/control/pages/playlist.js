// Reads livefoley's own HLS playlists: those of segments, and the one that names the tracks where they are apart.

const INDEX = "#EXT-X-STREAM-INF";

/** Whether a playlist names others. */
export function isIndex(text) {
  return text.includes(INDEX);
}

/** Read which playlists a playlist names: {pictures, sound, original}; without pictures the first is undefined. */
export function parseIndex(text) {
  const lines = text.split("\n").map((part) => part.trim());
  const first = lines[lines.findIndex((line) => line.startsWith(INDEX)) + 1];
  const sounds = lines.filter((line) => line.startsWith("#EXT-X-MEDIA:TYPE=AUDIO"));
  const [sound, original] = sounds.map((line) => line.match(/URI="([^"]*)"/)[1]);
  return { pictures: first === sound ? undefined : first, sound, original };
}

/** Read a playlist of segments: where it begins, how often to ask again, and what each segment needs. */
export function parseSegments(text) {
  const list = { first: 0, targetS: 2, ended: false, segments: [] };
  let init = "";
  let gap = false;
  for (const line of text.split("\n").map((part) => part.trim())) {
    if (line.startsWith("#EXT-X-MEDIA-SEQUENCE:")) list.first = Number(line.slice(22));
    else if (line.startsWith("#EXT-X-TARGETDURATION:")) list.targetS = Number(line.slice(22));
    else if (line.startsWith("#EXT-X-MAP:")) init = line.match(/URI="([^"]*)"/)[1];
    else if (line === "#EXT-X-GAP") gap = true;
    else if (line === "#EXT-X-ENDLIST") list.ended = true;
    else if (line && !line.startsWith("#")) {
      list.segments.push({ uri: line, init, gap });
      gap = false;
    }
  }
  return list;
}
