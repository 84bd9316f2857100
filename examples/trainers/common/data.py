"""Reads labelled examples and cuts them into train, validation and test parts."""

import csv
import gzip
import hashlib
import io
import math
import os
import struct
import tempfile
import urllib.error
import urllib.request
import zipfile
from pathlib import Path
from urllib.parse import unquote, urlparse

import numpy as np


class Later(Exception):
    """The data cannot be had now; the message says why."""


class DataError(Exception):
    """The data cannot be used; the message says where."""


def path(uri, folder):
    if uri.startswith("generator:"):
        raise DataError(f"dataset.uri {uri} is made by the built-in trainer only; this one reads files")
    if uri.startswith("file://"):
        return Path(unquote(urlparse(uri).path))
    return Path(os.environ.get("NAS_DATA_DIR") or folder) / uri


def fetched(dataset):
    """The file of a web address, kept under its checksum, so that it is loaded once for all trials of a machine."""
    address, checksum = dataset["uri"], (dataset.get("sha256") or "").lower()
    shown = address.split("?")[0]
    if len(checksum) != 64 or not all(c in "0123456789abcdef" for c in checksum):
        raise DataError(f"dataset.sha256 is {checksum or None}; a file from http or https needs its checksum, 64 hexadecimal digits")
    cache = Path(os.environ.get("NAS_CACHE_DIR") or Path.home() / ".cache" / "nas-operator" / "data") / checksum
    file = cache / (Path(urlparse(address).path).name or "data")
    if file.exists() and hashlib.sha256(file.read_bytes()).hexdigest() == checksum:
        return file
    try:
        with urllib.request.urlopen(address, timeout=30) as answer:
            loaded = answer.read()
    except urllib.error.HTTPError as error:
        if error.code in (408, 429) or error.code >= 500:
            raise Later(f"{shown} answers {error.code}; it may be loaded later") from error
        raise DataError(f"dataset.uri {shown} answers {error.code}") from error
    except OSError as error:
        raise Later(f"{shown} cannot be loaded: {error}; it may be later") from error
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=cache, delete=False) as part:
        part.write(loaded)
    os.replace(part.name, file)
    return file


def content(file):
    try:
        raw = file.read_bytes()
        return raw, gzip.decompress(raw) if file.name.endswith(".gz") else raw
    except (OSError, EOFError, gzip.BadGzipFile) as error:
        raise DataError(f"{file} cannot be read: {error}") from error


def idx(file, kind):
    _, data = content(file)
    if len(data) < 4 or data[:3] != b"\0\0\x08" or data[3] != kind:
        raise DataError(f"{file} is no IDX file of bytes with {kind} dimension(s)")
    sizes = struct.unpack_from(f">{kind}I", data, 4)
    if len(data) != 4 + 4 * kind + math.prod(sizes):
        raise DataError(f"{file} declares {sizes} values, but holds {len(data) - 4 - 4 * kind}")
    return np.frombuffer(data, np.uint8, offset=4 + 4 * kind).reshape(sizes)


def rows(file, width, label_column):
    _, data = content(file)
    examples, labels = [], []
    for number, cells in enumerate(csv.reader(data.decode("utf-8").splitlines()), start=1):
        if not cells:
            continue
        try:
            values = [float(c) for c in cells]
        except ValueError:
            if number == 1:
                continue  # a header
            raise DataError(f"{file} line {number} holds a value that is not a number") from None
        if len(values) != width + 1:
            raise DataError(f"{file} line {number} has {len(values)} columns, not {width + 1}")
        if not all(math.isfinite(v) for v in values):
            raise DataError(f"{file} line {number} holds a value that is not finite")
        label = values.pop(label_column)
        examples.append(values)
        labels.append(label)
    return np.array(examples, np.float32), np.array(labels)


def array(file, opened):
    """An array of NumPy; pickled objects are refused."""
    try:
        found = opened()
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise DataError(f"{file} cannot be read: {error}") from error
    if not isinstance(found, np.ndarray):
        raise DataError(f"{file} is no array of NumPy")
    if found.dtype.kind not in "buif" or not np.isfinite(found).all():
        raise DataError(f"{file} holds values that are not finite numbers")
    return found


def arrays(dataset, file, folder):
    """Examples and labels as NumPy wrote them."""
    if dataset["format"] == "npz":
        examples, labels = (array(file, lambda name=name: np.load(file)[name]) for name in ("x", "y"))
    else:
        labelled = path(dataset["labels"], folder)
        examples, labels = (array(f, lambda f=f: np.load(io.BytesIO(content(f)[1]))) for f in (file, labelled))
    shape = dataset["shape"]
    fitting = [shape, [math.prod(shape)]] + ([shape[1:]] if shape[0] == 1 else [])
    if list(examples.shape[1:]) not in fitting:
        raise DataError(f"{file} has the shape {list(examples.shape)}; dataset.shape {shape} needs examples of that shape")
    return examples.astype(np.float32), labels.reshape(-1).astype(np.float64)


def load(dataset, folder):
    """Examples as float32 with the declared shape, and labels."""
    web = dataset["uri"].startswith(("http://", "https://"))
    file, shape = fetched(dataset) if web else path(dataset["uri"], folder), dataset["shape"]
    if dataset.get("sha256"):
        found = hashlib.sha256(content(file)[0]).hexdigest()
        if found != dataset["sha256"].lower():
            raise DataError(f"{file} has the SHA-256 {found}, not {dataset['sha256']}")
    if dataset["format"] == "idx":
        examples = idx(file, 3).astype(np.float32)
        labels = idx(path(dataset["labels"], folder), 1).astype(np.float64)
    elif dataset["format"] == "csv":
        examples, labels = rows(file, math.prod(shape), dataset["labelColumn"])
    elif dataset["format"] in ("npy", "npz"):
        examples, labels = arrays(dataset, file, folder)
    else:
        raise DataError(f"format {dataset['format']} is not known to this trainer, only csv, idx, npy and npz")
    if len(examples) != len(labels) or not len(examples):
        raise DataError(f"{file} has {len(examples)} examples and {len(labels)} labels")
    classes = dataset["classes"]
    wrong = np.flatnonzero((labels != np.floor(labels)) | (labels < 0) | (labels >= classes))
    if len(wrong):
        raise DataError(f"{file}: example {wrong[0] + 1} has the label {labels[wrong[0]]:g}; 0 to {classes - 1} are allowed")
    return examples.reshape(-1, *shape), labels.astype(np.int64)


def parts(labels, split, seed):
    """Rows for train, validation and test: disjoint, stratified, and the same for all trials of an experiment."""
    random = np.random.default_rng(seed)
    cut = {"train": [], "validation": [], "test": []}
    for label in np.unique(labels):
        own = random.permutation(np.flatnonzero(labels == label))
        validation = max(1, round(len(own) * split["validation"]))
        test = max(1, round(len(own) * split["test"])) if split["test"] else 0
        if len(own) - validation - test < 1:
            raise DataError(f"class {label} has {len(own)} example(s), too few for the split")
        cut["validation"].append(own[:validation])
        cut["test"].append(own[validation:validation + test])
        cut["train"].append(own[validation + test:])
    return {name: np.sort(np.concatenate(chunks)) for name, chunks in cut.items()}


def fewer(train, labels, fraction, seed):
    """A part of the training rows, as much of each class; less lies in more."""
    order = np.random.default_rng([seed, 1]).permutation(train)
    kept = [own[:math.ceil(len(own) * fraction)] for own in (order[labels[order] == c] for c in np.unique(labels[train]))]
    return np.sort(np.concatenate(kept))
