// What the pages say, in the language of the browser: English or Chinese.

const ENGLISH = {
  tap_for_sound: "Tap for sound",
  play_key: "Play key",
  watch: "Watch",
  sound_on: "Sound on",
  sound_off: "Sound off",
  full_screen: "Full screen",
  foley: "Foley",
  foley_title: "Hear it with and without the generated sound",
  connecting: "Connecting…",
  idle: "Nothing is on yet. This page begins by itself.",
  away: "The publisher is away. The stream goes on when it is back.",
  wrong_key: "That is not the play key of this room.",
  full: "As many watch as this server takes. Trying again…",
  lost: "The connection was lost. Trying again…",
  no_way: "This room cannot be watched here: ",
  by_hls: "Playing by HLS, some seconds later.",
  only_hls: "Playing by HLS, some seconds later: ",
  no_webrtc: "this browser or network lets no WebRTC through",
  b_frames:
    "the stream has B-frames, which WebRTC cannot carry. For the streamer: in OBS, Settings > Output, Custom Encoder " +
    "Settings bframes=0 (x264) or Max B-frames 0 (NVENC); or whep: {transcode: true} for the room.",
  behind: (seconds) => `${seconds} s behind the source`,
  publish_key: "Publish key",
  camera: "Camera",
  file: "File",
  microphone: "Microphone",
  level: "Level",
  preview: "Preview: nobody sees it yet.",
  start: "Go live",
  stop: "Stop",
  watch_page: "Watch page",
  live: "Live",
  insecure: "A browser gives the camera to HTTPS pages and localhost only. Open this page by https://.",
  no_camera: "The camera or microphone cannot be used: ",
  no_file: "This browser cannot publish a file; use Chrome, Edge or Firefox on a computer.",
  wrong_publish_key: "That is not the publish key of this room.",
  refused: "The server said no: ",
  ended: "The stream has ended.",
  figures: (kbps, fps, width, height) => `${kbps} kb/s, ${fps} fps, ${width}×${height}`,
};

const CHINESE = {
  tap_for_sound: "点击开启声音",
  play_key: "播放密钥",
  watch: "观看",
  sound_on: "开启声音",
  sound_off: "静音",
  full_screen: "全屏",
  foley: "拟音",
  foley_title: "对比有无生成音效",
  connecting: "正在连接…",
  idle: "直播尚未开始，开始后会自动播放。",
  away: "主播暂时离开，回来后直播会继续。",
  wrong_key: "播放密钥不正确。",
  full: "观众已满，正在重试…",
  lost: "连接中断，正在重试…",
  no_way: "无法在此观看：",
  by_hls: "正在用 HLS 播放，会晚几秒。",
  only_hls: "正在用 HLS 播放，会晚几秒：",
  no_webrtc: "此浏览器或网络无法使用 WebRTC",
  b_frames:
    "流中有 B 帧，WebRTC 无法传输。主播可在 OBS 的“设置 > 输出”里把自定义编码器设置写成 bframes=0（x264），" +
    "或把最大 B 帧数设为 0（NVENC）；也可以为房间设 whep: {transcode: true}。",
  behind: (seconds) => `比信号源晚 ${seconds} 秒`,
  publish_key: "推流密钥",
  camera: "摄像头",
  file: "文件",
  microphone: "麦克风",
  level: "音量",
  preview: "预览中，观众还看不到。",
  start: "开始直播",
  stop: "停止",
  watch_page: "观看页面",
  live: "直播中",
  insecure: "浏览器只允许 HTTPS 页面和本机使用摄像头，请用 https:// 打开本页。",
  no_camera: "无法使用摄像头或麦克风：",
  no_file: "此浏览器不能推送文件，请在电脑上使用 Chrome、Edge 或 Firefox。",
  wrong_publish_key: "推流密钥不正确。",
  refused: "服务器拒绝：",
  ended: "直播已结束。",
  figures: (kbps, fps, width, height) => `${kbps} kb/s，${fps} 帧/秒，${width}×${height}`,
};

const isChinese = (navigator.languages ?? [navigator.language]).find((tag) => /^(zh|en)/i.test(tag))?.startsWith("zh");

export const words = isChinese ? CHINESE : ENGLISH;

/** Put the words into every element that names one in data-text. */
export function translate() {
  document.documentElement.lang = isChinese ? "zh-CN" : "en";
  for (const element of document.querySelectorAll("[data-text]")) {
    element.textContent = words[element.dataset.text];
  }
}
