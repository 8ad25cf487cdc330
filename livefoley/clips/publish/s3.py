"""Published files in an S3-compatible store, through obstore (extra ``s3``).

Key, secret, region and endpoint come from the standard variables ``AWS_ACCESS_KEY_ID``, ``AWS_SECRET_ACCESS_KEY``,
``AWS_REGION`` and ``AWS_ENDPOINT_URL`` (or from the machine's role); none of them is ever part of a message.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from livefoley.clips.publish.store import Stat, check_key
from livefoley.core.errors import ConfigError, OutputError

PART_BYTES = 8 * 1024 * 1024
_PARTS_AT_ONCE = 4
_RETRIES = 2
_RETRY_FOR = timedelta(seconds=10)
_CONNECT_TIMEOUT, _TIMEOUT = timedelta(seconds=5), timedelta(seconds=60)


class S3Store:
    """A bucket, or what lies below a prefix of it. Implements ``Store``.

    Raises ``ConfigError`` when the extra is missing or the variables are no use; nothing is asked of the network.
    """

    def __init__(self, bucket: str, prefix: str = "") -> None:
        if find_spec("obstore") is None:
            raise ConfigError("publishing to s3:// needs obstore: pip install 'livefoley[s3]'")
        from obstore.exceptions import BaseError
        from obstore.store import S3Store as Bucket

        plain = os.environ.get("AWS_ENDPOINT_URL_S3", os.environ.get("AWS_ENDPOINT_URL", "")).startswith("http://")
        try:
            self._store = Bucket(
                bucket,
                prefix=prefix or None,
                client_options={"allow_http": plain, "connect_timeout": _CONNECT_TIMEOUT, "timeout": _TIMEOUT},
                retry_config={"max_retries": _RETRIES, "retry_timeout": _RETRY_FOR},
            )
        except (BaseError, ValueError) as error:
            raise ConfigError(
                f"s3://{bucket} cannot be used ({type(error).__name__}); see the AWS_ variables"
            ) from None
        self._name = f"s3://{bucket}/{prefix.strip('/')}".rstrip("/")

    def put(self, key: str, path: Path, media_type: str) -> None:
        """Write the file at ``path``, a large one in parts; it appears whole."""
        import obstore

        with self._asked(key):
            obstore.put(
                self._store,
                check_key(key),
                path,
                attributes={"Content-Type": media_type},
                chunk_size=PART_BYTES,
                max_concurrency=_PARTS_AT_ONCE,
            )

    def create(self, key: str, data: bytes, media_type: str) -> bool:
        """Write ``data`` if nothing is there (``If-None-Match: *``); say whether it was written."""
        import obstore
        from obstore.exceptions import AlreadyExistsError

        with self._asked(key):
            try:
                obstore.put(self._store, check_key(key), data, attributes={"Content-Type": media_type}, mode="create")
            except AlreadyExistsError:
                return False
        return True

    def stat(self, key: str) -> Stat | None:
        """Return what is known of an object; None when there is none."""
        import obstore

        with self._asked(key):
            try:
                found = obstore.head(self._store, check_key(key))
            except FileNotFoundError:
                return None
        return Stat(found["size"], str(found["e_tag"] or ""), found["last_modified"].timestamp())

    def read(self, key: str, start: int, end: int) -> bytes:
        """Return the bytes from ``start`` up to ``end``."""
        import obstore

        with self._asked(key):
            return bytes(obstore.get_range(self._store, check_key(key), start=start, end=end)) if end > start else b""

    def keys(self, prefix: str) -> list[str]:
        """Return the keys below ``prefix``, in order."""
        import obstore

        with self._asked(prefix):
            return sorted(entry["path"] for page in obstore.list(self._store, check_key(prefix)) for entry in page)

    def delete(self, key: str) -> None:
        """Delete an object; one that is not there is no error."""
        import obstore

        with self._asked(key):
            try:
                obstore.delete(self._store, check_key(key))
            except FileNotFoundError:
                pass

    def location(self, key: str) -> str:
        """Return the ``s3://`` URL of an object."""
        return f"{self._name}/{check_key(key)}"

    @contextmanager
    def _asked(self, key: str) -> Iterator[Any]:
        """Translate what obstore raises; its messages tell hosts and requests, so only their kind is kept."""
        from obstore.exceptions import BaseError

        try:
            yield
        except (BaseError, OSError) as error:
            raise OutputError(f"{self._name}: {key} failed ({_kind(error)})") from None


def _kind(error: Exception) -> str:
    """Return what went wrong in a few words."""
    said = {
        "PermissionDeniedError": "permission denied",
        "UnauthenticatedError": "wrong or missing credentials",
        "NotFoundError": "no such bucket or object",
        "FileNotFoundError": "no such bucket or object",
    }
    return said.get(type(error).__name__, "no answer, or an error of the store's own")
