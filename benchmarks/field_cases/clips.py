"""Judges of the clips' cases: what each has to print, by its ``expect.md``."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

from .judging import Judge, Ran, Verdict

THEN = Path(__file__).with_name("then")
SHOWN = 0.6  # what a highlight has to score


def away(ran: Ran, verdict: Verdict) -> None:
    """No clip, or one of the length asked for."""
    cuts = re.findall(r"asked for (\d+)-(\d+) s: cut ([\d.]+)-([\d.]+)", ran.text)
    verdict.want(len(cuts) == 3, f"{len(cuts)} of 3 clips were asked for")
    for start, end, first, last in cuts:
        long_s = float(last) - float(first)
        verdict.want(long_s <= int(end) - int(start) + 1, f"{start}-{end} s asked for: {long_s:.1f} s long")
    if ran.live:
        found = re.search(r"after the publisher left: (\w+)(.*)", ran.text)
        length = re.search(r"([\d.]+) s long", found[2]) if found else None
        verdict.want(found is not None, "a clip was asked for live")
        verdict.want(
            length is None or float(length[1]) <= 6, f"live: {found[1] if found else ''} {length[0] if length else ''}"
        )


def layers(ran: Ran, verdict: Verdict) -> None:
    """The quietest gives way."""
    lines = [line for line in ran.lines() if line[0].isdigit()]
    verdict.want(len(lines) == 4, f"{len(lines)} of 4 tries")
    for line in lines:
        verdict.want("ok, kept 2 evicted 1" in line, line[line.find("]") + 2 :][:70])
    if ran.live:
        lost = "losses in the log: [] | ValueErrors: 0 | clip's foley not made anew: False"
        verdict.want(lost in ran.text, ran.lines()[-1][:90])


def one_clip(ran: Ran, verdict: Verdict) -> None:
    """A moment has one clip, and clips do not overlap."""
    grown, _, pair = ran.text.partition("---")
    clips = re.findall(r"a clip ([\d.]+)-([\d.]+)", grown)
    verdict.want(len(clips) == 1, f"{len(clips)} clips of one moment")
    spans = sorted((float(a), float(b)) for a, b in re.findall(r"\(([\d.]+), ([\d.]+)\)", pair))
    apart = all(a[1] <= b[0] + 0.05 for a, b in pairwise(spans))
    verdict.want(bool(spans) and apart, f"neighbours {spans}")


def loudness(ran: Ran, verdict: Verdict) -> None:
    """After a while speech is the room's own sound."""
    counts = [[int(n) for n in row.split()] for row in re.findall(r"jumps per 30 s \[([\d ]+)\]", ran.text)]
    verdict.want(len(counts) == 2, f"{len(counts)} of 2 rooms")
    for row in counts:
        verdict.want(sum(row[2:]) <= 1, f"{sum(row)} jumps, {sum(row[2:])} of them after the first minute")


def chat(ran: Ran, verdict: Verdict) -> None:
    """Neither two people nor one text make a highlight; words are words."""
    scores = {name: (float(most), line) for line, name, most in _scores(ran.text)}
    for name in ("1 spammer with id, 10/s 666", "1 spammer without id, 2/s", "2 people talk, 1/s each, plain"):
        _below(verdict, name, scores)
    _below(verdict, "2 people 666 1/s each", scores)
    _below(verdict, "bots: 20 accounts the same text", scores)
    for name in ("milk shop: 牛奶多少钱", "eggs"):
        shares = re.findall(r"/s', '([\d.]+)'", scores.get(name, (0.0, "none"))[1])
        verdict.want(
            name in scores and all(float(share) == 0 for share in shares), f"{name}: share {max(shares, default='0')}"
        )
    shares = re.findall(r"/s', '([\d.]+)'", scores.get("zwsp 6 6 6", (0.0, ""))[1])
    verdict.want(
        any(float(share) >= 0.9 for share in shares), f"666 with spaces of no width: share {max(shares, default='0')}"
    )
    if ran.live:
        verdict.want("clips []" in ran.text and "highlight confirmed" not in ran.text, f"live: {ran.lines()[-1][:80]}")


def _scores(text: str) -> list[tuple[str, str, str]]:
    return re.findall(r"^((.+?) \[.*? max ([\d.]+))$", text, re.M)


def _below(verdict: Verdict, name: str, scores: dict[str, tuple[float, str]]) -> None:
    score = scores[name][0] if name in scores else None
    verdict.want(score is not None and score < SHOWN, f"{name}: {score}")


def connectors(ran: Ran, verdict: Verdict) -> None:
    """One bad line costs that line; numbers and null are ids; what is documented fits."""
    answers = dict(re.findall(r"^(.+?): (\d{3}) ", ran.text, re.M))
    verdict.want(len(answers) == 6, f"{len(answers)} of 6 requests answered")
    for name, status in answers.items():
        verdict.want(status.startswith("2"), f"{name[:40]}: {status}")
    verdict.want("websocket: still open after 2000 good lines" in ran.text, ran.lines()[-1][:70] if ran.lines() else "")


def heard(*wanted: tuple[str, ...]) -> Judge:
    """Return a judge that wants one keyword of each tuple confirmed; each file begins the count anew."""

    def judge(ran: Ran, verdict: Verdict) -> None:
        confirmed = re.findall(r"KEY confirmed [\d.]+ (.*?) heard=", ran.text)
        missed, left = [], list(confirmed)
        for each in wanted:
            hit = next((keyword for keyword in left if keyword.lower() in each), None)
            if hit is None:
                missed.append(each[0])
            else:
                left.remove(hit)
        verdict.want(
            not missed, f"{len(wanted) - len(missed)} of {len(wanted)} announced keywords, without {', '.join(missed)}"
        )

    return judge


MINUTES = ("最后{n}分钟", "last {n} minutes")
LINK = ("上链接", "三二一")
GO = ("let's go", "what a shot")
FOREIGN_FIRST = heard(MINUTES, MINUTES, ("sold out",), ("太炸裂了",))
MIXED = heard(
    *(("全场{n}折",), GO, ("买爆了",), ("sold out",), LINK, MINUTES),
    *(("everything half price",), LINK, ("that was insane",), MINUTES, ("game over",), ("最后一波",)),
)


def no_caption(ran: Ran, verdict: Verdict) -> None:
    """A sentence none of whose words is in the clip is in none of its words."""
    lines = ran.lines()
    verdict.want(len(lines) == 2, f"{len(lines)} of 2 clips")
    for line in lines:
        verdict.want(line == "'' | transcript: ''", f"captions {line[-60:]}")


def portrait(ran: Ran, verdict: Verdict) -> None:
    """What comes out is upright, or turned as it came; a sound comes from where it is seen."""
    out = re.search(r"^out\.mp4: (\d+),(\d+),?(-?\d*)", ran.text, re.M)
    upright = out is not None and (int(out[1]) < int(out[2]) or out[3] == "-90")
    verdict.want(upright, f"comes out {out[0][9:] if out else 'not at all'}")
    seen = re.search(r"^up_rot\.mov (\[.*\])", ran.text, re.M)
    places = [float(x) for x in re.findall(r"'x', ([\d.]+)", seen[1])] if seen else []
    verdict.want(
        bool(places) and max(places) <= 0.35,
        f"a ball at x 0.17 is heard at {min(places, default=0)} to {max(places, default=0)}",
    )


def rendered(*names: str) -> Judge:
    """Return a judge that wants sound made for each of these files."""

    def judge(ran: Ran, verdict: Verdict) -> None:
        for name in names:
            line = next((line for line in ran.lines() if line.startswith(name + " ")), f"{name} did not run")
            length = re.search(r"ready, ([\d.]+) s of ([\d.]+)", line)
            same = length is not None and abs(float(length[1]) - float(length[2])) <= 0.2
            verdict.want(same, " ".join(line.split())[:90])

    return judge


def long_gop(ran: Ran, verdict: Verdict) -> None:
    """Flash and beep fall together; where a player that ignores edit lists sees more, the metadata says how much."""
    seen = {
        (how.strip(), name): (_times(flashes), _times(beeps))
        for how, name, flashes, beeps in re.findall(
            r"^(as written|no edit list)\s+(\w+)\.mp4 .*\n\s+flashes (.*?) \n\s+beeps\s+(.*)$", ran.text, re.M
        )
    }
    verdict.want(len(seen) == 4, f"{len(seen)} of 4 readings")
    for name in ("default", "exact"):
        verdict.want(
            _together(seen.get(("as written", name))), f"{name}: flash and beep {seen.get(('as written', name))}"
        )
    verdict.want(_together(seen.get(("no edit list", "exact"))), "exact: the same without an edit list")
    said = re.search(r"default ready.*\n\s+metadata says of hidden pictures: \[(.+?)\]", ran.text)
    open_too = _together(seen.get(("no edit list", "default")))
    verdict.want(open_too or said is not None, f"metadata of the hidden pictures: {said[1] if said else 'nothing'}")


def _times(text: str) -> list[float]:
    return [float(x) for x in re.findall(r"[\d.]+", text)]


def _together(seen: tuple[list[float], list[float]] | None) -> bool:
    if seen is None or not seen[0] or len(seen[0]) != len(seen[1]):
        return False
    return all(abs(flash - beep) <= 0.06 for flash, beep in zip(*seen, strict=True))


def reasons(ran: Ran, verdict: Verdict) -> None:
    """The log says why each receiver takes nothing."""
    _, _, log = ran.text.partition("what the log says:")
    for name, words in (
        ("redirect", r"307|redirect"),
        ("certificate", r"certificate|CERTIFICATE"),
        ("time", r"2(\.0)? s|time"),
    ):
        lines = [
            line
            for line in log.splitlines()
            if "does not take" in line and re.search(words, line.split("hook=")[0] + re.sub(r"hook=\S+", "", line))
        ]
        verdict.want(bool(lines), f"{name}: {'told' if lines else 'no reason in the log'}")


def order(ran: Ran, verdict: Verdict) -> None:
    """The sentence is told before its keyword is confirmed."""
    found = re.search(r"comes first: (\d+), whose sentence comes only after them: (\d+)", ran.text)
    first, after = (int(found[1]), int(found[2])) if found else (0, 0)
    verdict.want(first > 0 and after == 0, f"{first} of {first + after} sentences come before their keyword")
    if ran.live:
        quoted = re.findall(r"(?:first confirmed|final): (\d+) of (\d+)", ran.text)
        (first, of), (last, _) = (tuple(map(int, each)) for each in (quoted if len(quoted) == 2 else [(0, 0)] * 2))
        # the case compares letters: a countdown that was heard as 三二一 stands as 321 in its sentence
        verdict.want(of - 1 <= first == last and first > 0, f"first confirmed: {first} of {of}, final: {last}")


def titles(ran: Ran, verdict: Verdict) -> None:
    """Words as they were said, of one moment, in the host's time or marked as UTC.

    The case's own sentences hold no keyword: the clip has none then. Where they hold it (``more``), it is the tag.
    """
    own, _, said = ran.text.partition(AS_SAID)
    fields = dict(re.findall(r"^(kind|title|tags|said)\s+(.*)$", own, re.M))
    verdict.want(len(fields) == 4, f"{len(fields)} of 4 lines")
    verdict.want("{n}" not in own, f"tags {fields.get('tags')}")
    title = fields.get("title", "").split(" (the stream")[0]
    verdict.want("14:13" not in title or "UTC" in title, f"title {title}")
    verdict.want("声音 That" in fields.get("said", ""), f"said {fields.get('said')}")
    fields = dict(re.findall(r"^(kind|tags)\s+(.*)$", said, re.M))
    verdict.want(fields.get("kind") == "discount | keyword 全场五折", f"kind {fields.get('kind')}")
    verdict.want("'全场五折'" in fields.get("tags", ""), f"tags {fields.get('tags')}")


AS_SAID = "-- the same, where the sentences hold the keywords\n"


def more(ran: Ran) -> str:
    """Return what a case does not print: titles of moments whose keywords are in what is said."""
    if not ran.case.name.startswith("21-titles"):
        return ""
    script = (ran.case / "titles_unit.py").read_text("utf-8")
    script = script.replace('"走路没有声音", 20', '"最后三分钟", 20').replace(
        '"That countdown", 23, "en"', '"全场五折", 23, "zh"'
    )
    copy = ran.work / "cases" / "titles_unit.py"
    copy.parent.mkdir()
    copy.write_text(script, encoding="utf-8")
    path = os.pathsep.join([str(ran.checkout), str(THEN)])
    done = subprocess.run(
        [sys.executable, str(copy)], env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, timeout=120
    )
    return AS_SAID + done.stdout


def burst(ran: Ran, verdict: Verdict) -> None:
    """The last event of a burst tells its peak."""
    rates = [float(x) for x in re.findall(r"^\d+ (?:over)? ?([\d.]+)/s", ran.text, re.M)]
    over = re.search(r"^\d+ over ([\d.]+)/s", ran.text, re.M)
    told = float(over[1]) if over else -1.0
    verdict.want(bool(rates) and told >= max(rates) > 0, f"its end tells {told}/s of {max(rates, default=0)}/s")


def still(ran: Ran, verdict: Verdict) -> None:
    """The room has one level, whatever moves in it."""
    levels = re.findall(r"^(\w+)\.mp4\.wav\s+quietest tenth\s+(-?[\d.]+) dB, all\s+(-?[\d.]+) dB", ran.text, re.M)
    quiet = {name: float(level) for name, level, _ in levels}
    verdict.want(len(quiet) == 2, f"{len(quiet)} of 2 sounds")
    more = quiet.get("still", 0.0) - quiet.get("base", -99.0)
    verdict.want(abs(more) <= 4, f"the room of a still is {more:+.1f} dB beside a moving picture's")


JUDGES: dict[str, Judge] = {
    "01": away,
    "02": layers,
    "03": one_clip,
    "04": loudness,
    "05": chat,
    "06": connectors,
    "07": FOREIGN_FIRST,
    "08": MIXED,
    "09": no_caption,
    "11": portrait,
    "12": rendered("apac.mov", "two.mov"),
    "15": rendered("fps60.mp4", "fps50.mp4", "fps31.mp4", "vfr45.mp4"),
    "16": rendered(
        *("prores_be.mov", "prores_be24.mov", "dvb.ts", "wmv2.avi", "old.3gp", "adpcm.avi"),
        *("prores_le.mov", "mjpeg.avi", "noidx.avi"),
    ),
    "17": long_gop,
    "19": reasons,
    "20": order,
    "21": titles,
    "22": burst,
    "23": still,
}
