"""Debian's Chromium, headless, driven by the DevTools protocol over a pair of pipes: no port, no other program."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.support.peers import require
from tests.support.waiting import LIMIT_S

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
    "--mute-audio",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--allow-loopback-in-peer-connection",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
    "--remote-debugging-pipe",
)
ANSWER_S = 60.0


class Page:
    """A tab."""

    def __init__(self, browser: Browser, session: str) -> None:
        self._browser, self._session = browser, session
        self.console: list[str] = []

    async def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Ask something of the tab."""
        return await self._browser.send(method, self._session, **parameters)

    async def run(self, script: str) -> Any:
        """Return the value of an expression; promises are waited for."""
        answer = await self.send("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise AssertionError(answer["exceptionDetails"]["exception"].get("description", answer))
        return answer["result"].get("value")

    async def until(self, condition: str, timeout_s: float = LIMIT_S) -> Any:
        """Wait until an expression is true; return its value."""
        try:
            async with asyncio.timeout(timeout_s):
                while not (value := await self.run(condition)):  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
        except TimeoutError:
            notice = await self.run("document.getElementById('notice')?.textContent")
            raise AssertionError(f"never came: {condition}; page says {notice!r}, console {self.console}") from None
        return value


class Browser:
    """A running Chromium."""

    def __init__(self, reader: asyncio.StreamReader, write_fd: int) -> None:
        self._reader, self._write_fd = reader, write_fd
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._pages: dict[str, Page] = {}

    async def open(self, url: str, before: str = "") -> Page:
        """Open a page in a tab of its own, with ``before`` run in it first."""
        target = await self.send("Target.createTarget", url="about:blank")
        attached = await self.send("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        page = self._pages[attached["sessionId"]] = Page(self, attached["sessionId"])
        for domain in ("Runtime", "Page", "Log"):
            await page.send(f"{domain}.enable")
        await page.send("Page.addScriptToEvaluateOnNewDocument", source=before)
        await page.send("Page.navigate", url=url)
        await page.until("document.readyState === 'complete'")
        return page

    async def send(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """Send a command; return its result."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters} | ({"sessionId": session} if session else {})
        self._answers[number] = asyncio.get_running_loop().create_future()
        os.write(self._write_fd, json.dumps(message).encode() + b"\0")
        answer = await asyncio.wait_for(self._answers[number], ANSWER_S)
        if "error" in answer:
            raise AssertionError(f"{method}: {answer['error']}")
        return dict(answer["result"])

    async def listen(self) -> None:
        """Take what the browser says."""
        while True:
            message = json.loads((await self._reader.readuntil(b"\0"))[:-1])
            if "id" in message:
                self._answers.pop(message["id"]).set_result(message)
            elif (page := self._pages.get(message.get("sessionId", ""))) is not None:
                self._note(page, message["method"], message["params"])

    @staticmethod
    def _note(page: Page, method: str, params: dict[str, Any]) -> None:
        if method == "Runtime.consoleAPICalled":
            page.console.append(" ".join(str(part.get("value", part.get("description"))) for part in params["args"]))
        elif method == "Log.entryAdded":
            page.console.append(params["entry"]["text"])
        elif method == "Runtime.exceptionThrown":
            page.console.append(params["exceptionDetails"]["exception"].get("description", "exception"))


@asynccontextmanager
async def chromium(place: Path, *flags: str) -> AsyncIterator[Browser]:
    """Run Chromium with a profile of its own in ``place``; it is ended on the way out."""
    program = require("chromium")
    in_read, in_write = os.pipe()
    out_read, out_write = os.pipe()
    command = [program, *FLAGS, *flags, f"--user-data-dir={place / 'profile'}", "about:blank"]
    shell = f'exec "$@" 3<&{in_read} 4>&{out_write}'
    with (place / "chromium.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            "bash", "-c", shell, "bash", *command, stdout=log, stderr=log, pass_fds=(in_read, out_write)
        )
    os.close(in_read)
    os.close(out_write)
    reader = asyncio.StreamReader(limit=1 << 24)
    pipe = os.fdopen(out_read, "rb", 0)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), pipe
    )
    browser = Browser(reader, in_write)
    listening = asyncio.create_task(browser.listen())
    try:
        yield browser
    finally:
        listening.cancel()
        process.kill()
        await process.wait()
        transport.close()
        os.close(in_write)
