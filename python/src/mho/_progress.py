"""Progress of long calls: a line of text in terminals and notebooks, or a function of yours."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Union

#: None: a bar where there is somebody to see it, after one second; True: a bar always; False: none;
#: a function f(stage, done_frac): called at most twenty times a second. It may raise to stop the call.
Progress = Union[None, bool, Callable[[str, float], Any]]


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and type(shell).__name__ == "ZMQInteractiveShell"


class _Bar:
    """One line that is written over; nothing is shown for calls shorter than delay_s."""

    def __init__(self, delay_s: float) -> None:
        self.start_s = self.stage_s = time.monotonic()
        self.delay_s = delay_s
        self.stage = ""
        self.drawn_s = 0.0
        self.display: Any = None
        self.shown = False

    def line(self, stage: str, done_frac: float, now_s: float) -> str:
        filled = round(30 * min(max(done_frac, 0.0), 1.0))
        left = ""
        if done_frac > 0.02:
            left = f"{(now_s - self.stage_s) * (1 / done_frac - 1):.0f} s left"
        return f"{stage[:34]:<34} [{'#' * filled:<30}] {100 * done_frac:3.0f} %  {left}"

    def __call__(self, stage: str, done_frac: float) -> None:
        now_s = time.monotonic()
        if stage != self.stage:
            self.stage, self.stage_s, self.drawn_s = stage, now_s, 0.0
        if now_s - self.start_s < self.delay_s or now_s - self.drawn_s < 0.1:
            return
        self.drawn_s = now_s
        self.draw(self.line(stage, done_frac, now_s))

    def draw(self, text: str) -> None:
        if _in_notebook():
            from IPython.display import display  # type: ignore[import-not-found]

            data = {"text/plain": text}
            if self.display is None:
                self.display = display(data, raw=True, display_id=True)
            else:
                self.display.update(data, raw=True)
        else:
            sys.stderr.write("\r\033[K" + text)
            sys.stderr.flush()
        self.shown = True

    def close(self) -> None:
        if self.display is not None:
            self.display.update({"text/plain": ""}, raw=True)
        elif self.shown:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()


class _Tqdm:
    """The same by tqdm, which notebooks draw better; used if it has been imported already."""

    def __init__(self, tqdm: Any) -> None:
        self.bar = tqdm(total=100, unit="%", leave=False)

    def __call__(self, stage: str, done_frac: float) -> None:
        self.bar.set_description(stage, refresh=False)
        self.bar.n = round(100 * done_frac)
        self.bar.refresh()

    def close(self) -> None:
        self.bar.close()


def _seen() -> bool:
    return _in_notebook() or (sys.stderr is not None and sys.stderr.isatty())


@contextmanager
def told(progress: Progress) -> Iterator[Callable[[str, float], Any] | None]:
    """What the native module is to call during a long call."""
    if callable(progress):
        yield progress
        return
    if progress is False or (progress is None and not _seen()):
        yield None
        return
    tqdm = sys.modules.get("tqdm.auto")
    bar = _Tqdm(tqdm.tqdm) if tqdm and _in_notebook() else _Bar(0.0 if progress else 1.0)
    try:
        yield bar
    finally:
        bar.close()
