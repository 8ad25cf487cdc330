"""Reads the tensors of a PyTorch checkpoint of the old form (before 1.6) without PyTorch, and runs nothing of it.

Such a file is a pickle, which may hold any program. Here it is read by an unpickler that knows four names and refuses
every other; the numbers behind it are read as numbers. Source of the form: ``torch.serialization._legacy_load``.
"""

from __future__ import annotations

import io
import pickle
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from livefoley.core.errors import ModelError

MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001
MOST_VALUES = 1 << 28
_TYPES: dict[str, np.dtype[Any]] = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


@dataclass
class _Storage:
    """The numbers several tensors may be views of; they come after all tensors."""

    type: np.dtype[Any]
    key: str
    size: int


@dataclass
class _View:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _view(storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: Any) -> _View:
    return _View(storage, offset, shape, strides)


class _Unpickler(pickle.Unpickler):
    """Knows what a dictionary of tensors is made of, and nothing that could run."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _view
        if module == "torch" and name in _TYPES:
            return name
        raise pickle.UnpicklingError(f"it wants {module}.{name}, which no checkpoint of tensors needs")

    def persistent_load(self, pid: Any) -> _Storage:
        kind, name, key, _, size, *_ = pid
        if kind != "storage" or name not in _TYPES or not 0 <= size <= MOST_VALUES:
            raise pickle.UnpicklingError(f"it holds {kind!r} of {name!r}")
        return _Storage(_TYPES[name], str(key), int(size))


def read_checkpoint(content: bytes) -> dict[str, NDArray[Any]]:
    """Return the tensors of a checkpoint by name. Raises ``ModelError``: it is none, is cut short, or holds more."""
    file = io.BytesIO(content)
    try:
        if (_Unpickler(file).load(), _Unpickler(file).load()) != (MAGIC, PROTOCOL):
            raise ModelError("this is no checkpoint of PyTorch's old form")
        _Unpickler(file).load()  # of the machine that wrote it
        views: dict[str, _View] = _Unpickler(file).load()
        storages = {key: _numbers(file, key, views) for key in _Unpickler(file).load()}
        return {name: _tensor(view, storages[view.storage.key]) for name, view in views.items()}
    except (pickle.UnpicklingError, EOFError, ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise ModelError(f"the checkpoint cannot be used ({error})") from None


def _numbers(file: io.BytesIO, key: str, views: dict[str, _View]) -> NDArray[Any]:
    storage = next(view.storage for view in views.values() if view.storage.key == key)
    size = int.from_bytes(file.read(8), "little")
    content = file.read(storage.size * storage.type.itemsize)
    if size != storage.size or len(content) != storage.size * storage.type.itemsize:
        raise ValueError("it is cut short")
    return np.frombuffer(content, storage.type)


def _tensor(view: _View, numbers: NDArray[Any]) -> NDArray[Any]:
    last = view.offset + sum((n - 1) * stride for n, stride in zip(view.shape, view.strides, strict=True))
    if min((view.offset, *view.strides, *view.shape), default=0) < 0 or (0 not in view.shape and last >= numbers.size):
        raise ValueError("a tensor reaches beyond its numbers")
    strides = tuple(stride * numbers.itemsize for stride in view.strides)
    return np.lib.stride_tricks.as_strided(numbers[view.offset :], view.shape, strides, writeable=False).copy()
