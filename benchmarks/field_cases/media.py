"""Judges of the media cases: what each has to print, by its ``expect.md``."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from .judging import Judge, Ran, Simulated, Verdict, by_kit, published, simulated, told, whole

NEVER = Simulated("", [])
HEADER_CAME = 120_000  # samples of 48 kHz: 2.5 s, and the header comes at 2 s
CHALLENGER = Path(__file__).with_name("challenger.py")
KEYFRAMES = "expr:if(lt(t,6),gte(t,n_forced*1),if(lt(t,15.0),0,gte(t,15+(n_forced-6)*1)))"
LONG_SOURCE = (
    "str(clip(WORK / 'gop.flv', seconds=40, vopts=('-preset', 'ultrafast', '-b:v', '300k', '-bf', '0', '-x264-params',"
    f" 'keyint=1000:scenecut=0', '-force_key_frames', '{KEYFRAMES}')))"
)


def prepare(ran: Ran) -> None:
    """Make what a case needs to be judged: the stream of the long gap goes on until that gap has left the playlist."""
    if ran.case.name.startswith("23-long-gop"):
        by_kit(ran, LONG_SOURCE)


def more(ran: Ran) -> str:
    """Return what a case does not print: how a sink answers a server that asks for its user and password."""
    if not ran.case.name.startswith("16-bilibili"):
        return ""
    command = [sys.executable, str(CHALLENGER), str(ran.checkout), str(ran.work)]
    return subprocess.run(command, capture_output=True, text=True, timeout=180).stdout


def sim_or_live(
    *variants: str, sound: dict[str, float | None] | None = None, spread: dict[str, float] | None = None
) -> Judge:
    """Return a judge of a case all of whose variants have to come out whole."""

    def judge(ran: Ran, verdict: Verdict) -> None:
        if ran.live:
            published(ran, verdict, *variants, sound=sound, spread=spread)
            return
        made = simulated(ran.text)
        for name in variants:
            least = (sound or {}).get(name, 0.9)
            whole(verdict, name, made.get(name), sound=least, spread_ms=(spread or {}).get(name, 1.0))

    return judge


def live(*variants: str, av_ms: float = 0.0) -> Judge:
    """Return a judge of a case that is published live in any form."""
    return lambda ran, verdict: published(ran, verdict, *variants, av_ms=av_ms)


def aac_without_header(ran: Ran, verdict: Verdict) -> None:
    """ADTS tells its parameters; bare frames are decoded, or somebody is told; the others have their sound."""
    if ran.live:  # bare frames are guessed at after a second; at the header that comes late the sound begins anew
        published(ran, verdict, "adts", "raw", "late", "empty", sound={"raw": 0.8, "late": 0.5})
        return
    made = simulated(ran.text)
    whole(verdict, "adts", made.get("adts"))
    bare = made.get("raw", NEVER)
    whole(verdict, "raw", bare, sound=None if bare.told else 0.9)
    whole(verdict, "late", made.get("late"), sound=0.0)  # before the header there may be some, or none
    place = "next(WORK.glob('02-*-sim')) / 'late"
    found = by_kit(ran, f"shift(pcm({place}-sent.flv')[{HEADER_CAME}:], pcm({place}.mp4')[{HEADER_CAME}:])[1]")
    corr = found if isinstance(found, float) else 0.0
    verdict.want(corr >= 0.9, f"late: sound {corr:.2f} from the header on")
    whole(verdict, "empty", made.get("empty"))


def start_codes(ran: Ran, verdict: Verdict) -> None:
    """Lengths stand where start codes were, or the track is refused in a line; behind one length, decoders cope."""
    if ran.live:
        published(ran, verdict, "mixed")
        rewritten(verdict, "all", by_kit(ran, "av_offset(WORK / 'annexb.flv', next(WORK.glob('03-*/v0.mp4')))"))
        return
    made = simulated(ran.text)
    for name in ("all", "mixed"):
        seen = made.get(name, NEVER)
        if seen.told and not any(each.found for each in seen.outputs):
            verdict.want(True, f"{name}: refused{told(seen)}")
            continue
        for each in seen.outputs:
            if name == "mixed" and each.found == each.sent and not each.errors:
                verdict.want(
                    each.av_ms is not None and abs(each.av_ms) <= 5, f"{each.name}: as sent, A/V {each.av_ms} ms"
                )
                continue
            pair = f"av_offset(WORK / 'annexb.flv', next(WORK.glob('03-*-sim')) / '{each.name}')"
            rewritten(verdict, each.name, by_kit(ran, pair))
            verdict.want(not each.errors, f"{each.name}: {each.errors[0][:60] if each.errors else 'decodes'}")
        verdict.want(len(seen.outputs) >= 2, f"{name}: {len(seen.outputs)} outputs")


def rewritten(verdict: Verdict, name: str, found: dict[str, float]) -> None:
    """Want of a recording all pictures with lengths where start codes were, and the sound where it was."""
    of, there = found.get("in", 0), found.get("found", 0)
    verdict.want(0 < of == there, f"{name}: {there} of {of} pictures have lengths")
    verdict.want(abs(found.get("av_ms", 999)) <= 5, f"{name}: A/V {found.get('av_ms')} ms")
    verdict.want(found.get("corr", 0) >= 0.9, f"{name}: sound {found.get('corr')}")


def hevc(ran: Ran, verdict: Verdict) -> None:
    """An hvcC under id 7 is taken, or refused in words; what fills a pause decodes with open GOPs, too."""
    if ran.live:
        published(ran, verdict, "seven", "twelve")
        return
    made = simulated(ran.text)
    seven = made.get("seven", NEVER)
    if "hevc" in seven.told.lower() or "h.265" in seven.told.lower():
        verdict.want("recording lost" not in seven.told, f"seven: refused{told(seven)}")
    else:
        whole(verdict, "seven", seven)
    whole(verdict, "twelve", made.get("twelve"))
    for name in ("open", "closed"):
        found = re.search(rf"{name} GOPs, held for \S+ s: (\d+) packets, (\d+) pictures decoded (\[.*\])", ran.text)
        sent, shown, said = (int(found[1]), int(found[2]), found[3]) if found else (0, -1, "")
        verdict.want(
            125 < sent == shown and said == "[]", f"{name} GOPs: {shown} of {sent} pictures decode {said[:60]}"
        )


def late_tracks(ran: Ran, verdict: Verdict) -> None:
    """A track is carried from where it comes; of pictures those from the first keyframe on."""
    if ran.live:
        published(ran, verdict, "video-late", "audio-late", sound={"video-late": 0.6})
        return
    made = simulated(ran.text)
    whole(verdict, "video-late", made.get("video-late"), sound=0.6)
    whole(verdict, "audio-late", made.get("audio-late"))
    outputs = made.get("no-key", NEVER).outputs
    verdict.want(
        len(outputs) == 2 and all(each.found == 300 for each in outputs),
        f"no-key: {[each.found for each in outputs]} of 300 pictures",
    )
    verdict.want(all(each.av_ms is not None and abs(each.av_ms) <= 5 for each in outputs), "no-key: sound at its place")


def addresses(ran: Ran, verdict: Verdict) -> None:
    """Asked for is what ffmpeg asks for; user and password are not dropped without a word."""
    for part in ran.text.split("== ")[1:]:
        name = part.split(" rtmp://")[0].split(" (")[0]
        asked = {who: _app_and_name(part, who) for who in ("livefoley", "ffmpeg")}
        if name != "user and password":
            said = f"{name}: asks for {asked['livefoley'] or 'nothing'}"
            verdict.want(asked["ffmpeg"] is not None and asked["livefoley"] == asked["ffmpeg"], said)
    code = re.search(r"== user and password.*\n   check: exit (\d+) ?(.*)", ran.text)
    if code and code[1] != "0":
        verdict.want(bool(code[2]), f"user and password: refused ({code[2][-60:]})")
    else:
        answer = re.search(r"^challenged: (.*)$", ran.text, re.M)
        said = answer[1] if answer else "nothing"
        verdict.want("authmod=adobe&user=user" in said, f"user and password: answers a challenge with {said}")


def _app_and_name(part: str, who: str) -> tuple[str, str] | None:
    found = re.search(rf"{who} asks for\s+app = b['\"](.*?)['\"] \|.*stream name = b['\"](.*)['\"]", part)
    return (found[1], found[2]) if found else None


def turned(ran: Ran, verdict: Verdict) -> None:
    """The matrix is in the output and the pictures are untouched, or the output is upright."""
    found = re.search(r"portrait\.mov: .*? -> (.*?) \| (\{.*?\})", ran.text)
    out, figures = (found[1], found[2]) if found else ("nothing", "")
    size = re.search(r"(\d+)x(\d+)", out.replace("48000x2", ""))
    upright = size is not None and int(size[1]) < int(size[2])
    verdict.want("rot[-90" in out or upright, f"comes out as {out}")
    verdict.want(upright or "'found': 122" in figures, f"pictures {figures[:40]}")


def sounds(ran: Ran, verdict: Verdict) -> None:
    """The sound of each file is in its output, at its place."""
    for name in ("s24be.mov", "dts.mkv", "wma.mkv", "adpcm.avi", "s16be.mov"):
        found = re.search(rf"^{re.escape(name)}: .* -> .*$", ran.text, re.M)
        line = found[0] if found else ""
        sound = re.search(r"'corr': ([\d.]+)", line)
        if sound is None:  # framed anew, so that no payload tells where the pictures are
            place = f"WORK.joinpath('rendered', '{name.replace('.', '__')}.mp4')"
            value = by_kit(ran, f"shift(pcm(WORK / '{name}'), pcm({place}))[1]")
            corr = value if isinstance(value, float) else 0.0
        else:
            corr = float(sound[1])
        verdict.want(corr >= 0.8, f"{name}: sound {corr:.2f}")
        av = re.search(r"'av_ms': (-?[\d.]+)", line)
        verdict.want(bool(line) and (av is None or abs(float(av[1])) <= 10), f"{name}: A/V {av[1] if av else '-'} ms")


def offers(ran: Ran, verdict: Verdict) -> None:
    """Each offer is answered with 201, or with a line that says what to change."""
    answers = dict(re.findall(r"^(\S.*?): (\d{3} .*|201.*)$", ran.text, re.M))
    verdict.want(len(answers) >= 28, f"{len(answers)} offers answered")
    taken = ("plain", "video only", "audio only", "AV1 before H.264", "setup:active", "simulcast rids", "mids by name")
    for name in taken:
        verdict.want(answers.get(name, "").startswith("201"), f"{name}: {answers.get(name, 'nothing')[:60]}")
    for name, answer in answers.items():
        useless = re.search(r"\(\w*Error\)|^5\d\d", answer)
        verdict.want(useless is None, f"{name}: {_detail(answer) if useless else answer[:3]}")
    verdict.want("Traceback" not in ran.text, "no traceback")


def _detail(answer: str) -> str:
    found = re.search(r'"detail":"(.*?)"', answer)
    return found[1] if found else answer[:60]


REFUSED = ("empty.mp4", "text.mp4", "no-moov.mp4")


def odd_files(ran: Ran, verdict: Verdict) -> None:
    """Each file is rendered whole or refused in a line; of two sound tracks the default one is taken."""
    lines = dict(re.findall(r"^(\S+\.\w+): (.*)$", ran.text, re.M))
    verdict.want(len(lines) >= 18, f"{len(lines)} files")
    for name, said in lines.items():
        if name in REFUSED:
            verdict.want("-> refused: " in said, f"{name}: {said[-60:]}")
            continue
        verdict.want(
            "TRACEBACK" not in said and "judge failed" not in said and "refused" not in said, f"{name}: {said[-90:]}"
        )
        counts = re.search(r"'in': (\d+), 'out': \d+, 'found': (\d+)", said)
        framed_anew = name.endswith((".avi", ".ts")) or name in ("anim.mp4", "photo.mp4")  # GIF and JPEG become H.264
        if counts is not None and not framed_anew:
            verdict.want(counts[1] == counts[2], f"{name}: {counts[2]} of {counts[1]} pictures")
        av = re.search(r"'corr': ([\d.]+), 'av_ms': (-?[\d.]+)", said)
        if av and float(av[1]) > 0.5 and name not in ("second-default.mkv", "cut-frag.mp4"):
            verdict.want(abs(float(av[2])) <= 5, f"{name}: A/V {av[2]} ms")
    second = by_kit(
        ran, "shift(pcm(WORK / 'odd/second-default.mkv', '0:a:1'), pcm(WORK / 'rendered/second-default__mkv.mp4'))[1]"
    )
    corr = second if isinstance(second, float) else 0.0
    verdict.want(corr >= 0.8, f"second-default.mkv: {corr:.2f} of the default track")
    verdict.want("rot[" in lines.get("upside.mp4", "").split(" -> ")[-1], "upside.mp4: turned as it says")


def target(ran: Ran, verdict: Verdict) -> None:
    """No segment is longer than the target then, and the target has fallen back once a long one has left the list."""
    made = re.findall(r"segment of ([\d.]+) s, then #EXT-X-TARGETDURATION:(\d+)", ran.text)
    verdict.want(len(made) >= 12, f"{len(made)} segments")
    verdict.want(all(round(float(s)) <= int(then) for s, then in made), "every segment is within the target")
    last = int(made[-1][1]) if made else 0
    verdict.want(
        0 < last <= 3, f"the target is {last} s at the end, {max((int(then) for _, then in made), default=0)} s at most"
    )


def he_aac(ran: Ran, verdict: Verdict) -> None:
    """The sound is at its place."""
    found = re.search(r"signalled .*'av_ms': (-?[\d.]+), 'corr': ([\d.]+)", ran.text)
    av, corr = (float(found[1]), float(found[2])) if found else (999.0, 0.0)
    verdict.want(abs(av) <= 5, f"A/V {av} ms")
    verdict.want(corr >= 0.95, f"sound {corr}")


JUDGES: dict[str, Judge] = {
    "01": live("fc", "release-late", "again"),
    "02": aac_without_header,
    "03": start_codes,
    "04": sim_or_live("reorder", "all34"),
    "05": live("shared", av_ms=-90.0),
    "06": sim_or_live("header", "inband", sound={"header": 0.5}),
    "07": hevc,
    "08": sim_or_live("obs", "later", "many"),
    "09": sim_or_live("fourcc", "string"),
    "10": sim_or_live(
        "audio-first", "announced-only", "jitter", "empty-meta", sound={"announced-only": None}, spread={"jitter": 25.0}
    ),
    "11": live("repeat", "norepeat", "wrap32", "uptime"),
    "12": live("csid", "type0", "resize", "zero", "aggregate", "abort"),
    "14": late_tracks,
    "16": addresses,
    "17": turned,
    "18": sounds,
    "21": offers,
    "22": odd_files,
    "23": target,
    "24": he_aac,
}
