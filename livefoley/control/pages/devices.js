// What the publish page shows of cameras and microphones: which there are, and how loud it is.

const LEAST_DB = -60;
const LOOK_MS = 100;

/** Fill two lists with the devices there are; those in use are chosen. Names come with the permission. */
export async function listDevices(stream, cameras, microphones) {
  const devices = await navigator.mediaDevices.enumerateDevices();
  for (const [list, kind] of [[cameras, "video"], [microphones, "audio"]]) {
    const used = stream.getTracks().find((track) => track.kind === kind)?.getSettings().deviceId;
    const options = devices
      .filter((device) => device.kind === `${kind}input` && device.deviceId)
      .map(({ label, deviceId }) => new Option(label || deviceId.slice(0, 8), deviceId, false, deviceId === used));
    list.replaceChildren(...options);
    list.disabled = options.length === 0;
  }
}

/** Show a stream's level in a meter, in dBFS, until the function that is returned is called. */
export function showLevel(stream, meter) {
  if (!stream.getAudioTracks().length) return () => {};
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  const samples = new Float32Array(analyser.fftSize);
  context.createMediaStreamSource(stream).connect(analyser);
  const timer = setInterval(() => {
    if (context.state === "suspended") context.resume().catch(() => {}); // after the first click, if not before
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    meter.value = Math.max(LEAST_DB, 10 * Math.log10(power + 1e-12));
  }, LOOK_MS);
  return () => {
    clearInterval(timer);
    meter.value = LEAST_DB;
    context.close().catch(() => {});
  };
}
