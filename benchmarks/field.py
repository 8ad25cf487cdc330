"""Streams and files as people have them: the share of the cases beside the repository that come out right.

Each case of ``../shared/cases`` is a situation that somebody reported, made again from nothing: a script that prints
what came out, and an ``expect.md`` that says what is right. The judges in ``field_cases`` hold the one against the
other: a case passes when everything that is wanted of it was printed. The baseline is the share that passed at commit
f7a608e, by the same judges; ``--checkout`` judges another checkout, that one for instance, which has to fail then.

Cases run without a clock where they can; ``--live`` also publishes those that have both forms. What needs a clock is
tried once more when it fails, and the table says so: a busy machine leaves holes in what it is sent.

    python benchmarks/field.py [--cases media/0] [--live] [--checkout ../livefoley-f7a608e] [--keep out/field]
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import common
from field_cases import clips, media
from field_cases.judging import Judge, Ran, Verdict

CASES = common.ROOT.parent / "shared" / "cases"
NAMES_OF_THEN = Path(__file__).with_name("field_cases") / "then"
JUDGES = {"media": media.JUDGES, "clips": clips.JUDGES}
LIMIT_S = 600.0
TARGET = 1.0

CLOCKED = {
    *("media/01", "media/05", "media/11", "media/12", "media/16", "media/21"),
    *("clips/06", "clips/12", "clips/15", "clips/16", "clips/17", "clips/19", "clips/23"),
}
BOTH_FORMS = {
    *(f"media/{number:02}" for number in (2, 3, 4, 6, 7, 8, 9, 10, 14)),
    *("clips/01", "clips/02", "clips/05", "clips/20"),
}
FAILED_THEN = {
    *("media/01", "media/02", "media/03", "media/04", "media/07", "media/16", "media/17", "media/18", "media/21"),
    *("media/22", "media/23"),
    *(f"clips/{number:02}" for number in range(1, 10)),
    *(f"clips/{number}" for number in (11, 12, 15, 16, 17, 19, 20, 21, 22, 23)),
}
"""The cases that these judges failed at commit f7a608e."""


def key(case: Path) -> str:
    """Return a case's short name, as ``media/04``."""
    return f"{case.parent.name}/{case.name[:2]}"


def chosen(pattern: str) -> list[Path]:
    """Return the cases whose name holds the pattern."""
    found = sorted(path.parent for path in CASES.glob("*/*/run.sh"))
    return [case for case in found if pattern in f"{case.parent.name}/{case.name}"]


def judge_of(case: Path) -> Judge | None:
    """Return who judges a case."""
    return JUDGES.get(case.parent.name, {}).get(case.name[:2])


def run(case: Path, checkout: Path, work: Path, live: bool) -> Verdict:
    """Run a case against a checkout and judge what it printed."""
    verdict = Verdict()
    judge = judge_of(case)
    if judge is None:
        verdict.want(False, "nobody judges this case")
        return verdict
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    blank = Ran(case, "", work, checkout, live)
    media.prepare(blank)
    environment = {**os.environ, "CASE_WORK": str(work), "LIVEFOLEY_SRC": str(checkout), "LIVEFOLEY_PY": sys.executable}
    environment["PYTHONPATH"] = str(NAMES_OF_THEN)
    command = ["bash", str(case / "run.sh"), *(["live"] if live else [])]
    try:
        done = subprocess.run(
            command, cwd=checkout, env=environment, capture_output=True, text=True, errors="replace", timeout=LIMIT_S
        )
    except subprocess.TimeoutExpired:
        verdict.want(False, f"not done within {LIMIT_S:.0f} s")
        return verdict
    (work / "printed.txt").write_text(done.stdout + done.stderr, encoding="utf-8")
    last = next((line for line in reversed(done.stderr.splitlines()) if line.strip()), "")
    broken = done.returncode != 0 or "Traceback (most recent call last)" in done.stderr
    verdict.want(not broken, f"broke off, status {done.returncode}: {last[:90]}" if broken else "ran to its end")
    judge(Ran(case, done.stdout + media.more(blank) + clips.more(blank), work, checkout, live), verdict)
    return verdict


def tried(case: Path, checkout: Path, place: Path, live: bool) -> tuple[Verdict, bool]:
    """Run a case, once more if it failed and needs a clock; say whether it ran twice."""
    name = f"{case.parent.name}-{case.name}{'-live' if live else ''}"
    verdict = run(case, checkout, place / name, live)
    again = not verdict.passes and (live or key(case) in CLOCKED)
    return (run(case, checkout, place / f"{name}-again", live) if again else verdict), again


def measure(pattern: str, live: bool, checkout: Path, place: Path) -> bool:
    """Run and judge the cases, print the table; say whether all pass."""
    cases = chosen(pattern)
    if not cases:
        sys.exit(f"this benchmark needs cases in {CASES}; there is none of the name {pattern!r}")
    forms = [(case, form) for case in cases for form in (False, True) if not form or (live and key(case) in BOTH_FORMS)]
    passed = 0
    print(f"{'case':<47}  verdict  figure that decided")
    for case, form in forms:
        verdict, again = tried(case, checkout, place, form)
        name = f"{case.parent.name}/{case.name}{' live' if form else ''}"
        said = f"{'on a second try: ' if again else ''}{verdict.figure}"
        print(f"{name:<47}  {'passes ' if verdict.passes else 'FAILS  '}  {said[:280]}", flush=True)
        passed += verdict.passes
    share = round(passed / len(forms), 3)
    then = round(sum(key(case) not in FAILED_THEN for case, _ in forms) / len(forms), 3)
    common.print_result("field", share, "share of cases that pass", then, TARGET, share >= TARGET)
    return share >= TARGET


def main() -> None:
    """Read the options, and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", default="", metavar="PATTERN", help="only cases whose name holds it, as media/0")
    parser.add_argument("--live", action="store_true", help="also publish live what runs without a clock")
    parser.add_argument("--checkout", type=Path, default=common.ROOT, help="what is judged (this checkout)")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where inputs and outputs stay to be looked at")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        place = (given.keep or Path(scratch)).resolve()
        passes = measure(given.cases, given.live, given.checkout.resolve(), place)
    sys.exit(0 if passes else 1)


if __name__ == "__main__":
    main()
