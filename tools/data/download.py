"""Downloads that resume, retry and never leave half a file in place."""

import http.client
import os
import time
import urllib.error
import urllib.request

_BLOCK = 1 << 16
_AGENT = "muster-data/1"
# Answers that may be better the next time.
_TRANSIENT = {408, 425, 429, 500, 502, 503, 504}


class DownloadError(Exception):
    """What went wrong, with the address."""


class _Transient(Exception):
    pass


class Downloader:
    """Fetches addresses into files. A transfer that was cut continues where it
    stopped, also in a later run: `path`.part holds the bytes so far and
    `path`.part.url where they come from."""

    def __init__(self, retries=4, wait_seconds=0.5, timeout_seconds=30, on_bytes=None):
        self._retries = retries
        self._wait_seconds = wait_seconds
        self._timeout_seconds = timeout_seconds
        self._on_bytes = on_bytes or (lambda done, total: None)

    def fetch(self, url, path):
        """Returns the bytes that `url` serves; they also lie in `path`.part
        until done(path). DownloadError when it cannot be had."""
        self._forget_other_address(url, path)
        for attempt in range(self._retries + 1):
            try:
                self._transfer(url, path + ".part")
                with open(path + ".part", "rb") as file:
                    return file.read()
            except _Transient as error:
                if attempt == self._retries:
                    raise DownloadError(
                        f"{url}: {error} (after {attempt + 1} tries; what came "
                        "so far is kept, run the command again to go on)"
                    ) from error
                time.sleep(self._wait_seconds * 2**attempt)
        raise AssertionError("unreachable")

    def done(self, path):
        """Forgets the transfer to `path`."""
        for name in (path + ".part", path + ".part.url"):
            if os.path.exists(name):
                os.remove(name)

    def _forget_other_address(self, url, path):
        try:
            with open(path + ".part.url", encoding="utf-8") as file:
                if file.read() == url:
                    return
        except OSError:
            pass
        self.done(path)
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        with open(path + ".part.url", "w", encoding="utf-8") as file:
            file.write(url)

    def _transfer(self, url, part):
        have = os.path.getsize(part) if os.path.exists(part) else 0
        request = urllib.request.Request(url, headers={"User-Agent": _AGENT})
        if have:
            request.add_header("Range", f"bytes={have}-")
        try:
            with urllib.request.urlopen(
                request, timeout=self._timeout_seconds
            ) as answer:
                self._receive(answer, part, have)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == 416 and have:  # nothing left, or a wrong part
                if self._whole(error, have):
                    return
                os.remove(part)
                raise _Transient("the part on disk does not fit") from error
            if error.code in _TRANSIENT:
                raise _Transient(f"HTTP {error.code} {error.reason}") from error
            raise DownloadError(f"{url}: HTTP {error.code} {error.reason}") from error
        except (OSError, http.client.HTTPException) as error:
            raise _Transient(str(error) or type(error).__name__) from error

    @staticmethod
    def _whole(error, have):
        """Whether a 416 says that the part is already the whole."""
        return error.headers.get("Content-Range", "") == f"bytes */{have}"

    def _receive(self, answer, part, have):
        if answer.status != 206:
            have = 0  # the server sent all of it
        elif not answer.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
            os.remove(part)
            raise _Transient("the server sent another range than asked for")
        length = answer.headers.get("Content-Length")
        total = have + int(length) if length is not None else -1
        done = have
        with open(part, "ab" if have else "wb") as file:
            while True:
                block = answer.read(_BLOCK)
                if not block:
                    break
                file.write(block)
                done += len(block)
                self._on_bytes(done, total)
        if total >= 0 and done < total:
            raise _Transient(f"the connection ended at byte {done} of {total}")
