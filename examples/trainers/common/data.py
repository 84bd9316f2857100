"""Reads examples with labels or numbers and cuts them into train, validation and test parts."""

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

from targets import Labels, Numbers

IDX_BYTES, IDX_FLOATS = np.dtype(np.uint8), np.dtype(">f4")
IMAGE_ENDINGS = (".png", ".jpg", ".jpeg")


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


def labelled(dataset, folder):
    if not dataset.get("labels"):
        raise DataError(f"dataset.labels is missing; format {dataset['format']} needs the address of the label file")
    return path(dataset["labels"], folder)


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


def idx(file):
    """Bytes or floats, as many sides as the file declares."""
    _, data = content(file)
    kind = {b"\0\0\x08": IDX_BYTES, b"\0\0\x0d": IDX_FLOATS}.get(data[:3])
    rank = data[3] if len(data) > 3 else 0
    if kind is None or not 1 <= rank <= 4 or len(data) < 4 + 4 * rank:
        raise DataError(f"{file} is no IDX file of bytes or floats with 1 to 4 sides")
    sides, body = struct.unpack_from(f">{rank}I", data, 4), data[4 + 4 * rank:]
    if len(body) != math.prod(sides) * kind.itemsize:
        raise DataError(f"{file} declares {sides} values, but holds {len(body) // kind.itemsize}")
    return np.frombuffer(body, kind).reshape(sides)


def rows(file, dataset):
    """Examples and what is to be said of them, in the columns from dataset.labelColumn on."""
    width, wanted = math.prod(dataset["shape"]), dataset.get("targets") or 1
    first = width if dataset["labelColumn"] < 0 else dataset["labelColumn"]
    if first > width:
        raise DataError(f"dataset.labelColumn is {first}; {width} values of an example allow -1 to {width}")
    _, data = content(file)
    lines, names = [], codes(dataset, first, wanted)
    for number, cells in enumerate(csv.reader(data.decode("utf-8").splitlines()), start=1):
        if not cells or number == 1 and is_header(cells, names):
            continue
        try:
            values = [names[i][c.strip()] if i in names else float(c) for i, c in enumerate(cells)]
        except KeyError as error:
            raise DataError(f"{file} line {number} holds the category {error}, which dataset.categorical does not list") from None
        except ValueError:
            raise DataError(f"{file} line {number} holds a value that is not a number") from None
        if len(values) != width + wanted:
            raise DataError(f"{file} line {number} has {len(values)} columns, not {width + wanted}")
        if not all(math.isfinite(v) for v in values):
            raise DataError(f"{file} line {number} holds a value that is not finite")
        lines.append(values)
    table = np.array(lines).reshape(-1, width + wanted)
    own = np.arange(first, first + wanted)
    return np.delete(table, own, axis=1), table[:, own]


def codes(dataset, first, wanted):
    """For each column of the file with names of categories: name to code. Columns of dataset.categorical are those of an example."""
    named = [c for c in dataset.get("categorical") or [] if c.get("values")]
    return {c["column"] + (wanted if c["column"] >= first else 0): {v.strip(): code for code, v in enumerate(c["values"])} for c in named}


def is_header(cells, names):
    """Whether a first line has neither a number nor the name of a category."""
    return not any(is_number(c) or c.strip() in names.get(i, ()) for i, c in enumerate(cells))


def is_number(cell):
    try:
        float(cell)
        return True
    except ValueError:
        return False


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
    """Examples and what is to be said of them as NumPy wrote them."""
    if dataset["format"] == "npz":
        examples, labels = (array(file, lambda name=name: np.load(file)[name]) for name in ("x", "y"))
    else:
        examples, labels = (array(f, lambda f=f: np.load(io.BytesIO(content(f)[1]))) for f in (file, labelled(dataset, folder)))
    return examples, labels


def images(file, dataset):
    """PNG and JPEG images in a folder for each class, label 0 the first by name: one channel is the luminance, three are red, green
    and blue, from 0 to 255."""
    channels, height, width = dataset["shape"]
    if channels not in (1, 3):
        raise DataError(f"dataset.shape {dataset['shape']} has {channels} channels; images have 1 or 3")
    if not file.is_dir():
        raise DataError(f"{file} is no folder; format images needs one, with a folder for each class")
    folders = [f for f in listed(file) if f.is_dir()]
    if len(folders) != dataset["classes"]:
        raise DataError(f"{file} has {len(folders)} folders, but dataset.classes is {dataset['classes']}; each class needs one")
    found = [(f, label) for label, own in enumerate(folders) for f in listed(own) if f.suffix.lower() in IMAGE_ENDINGS]
    examples = np.empty((len(found), channels, height, width), np.float32)
    for i, (image, _) in enumerate(found):
        values = pixels(image, channels)
        if values.shape != examples.shape[1:]:
            raise DataError(f"{image} is {values.shape[1]} pixels high and {values.shape[2]} wide, but dataset.shape is {dataset['shape']}")
        examples[i] = values
    return examples, np.array([label for _, label in found])


def listed(folder):
    return sorted(f for f in folder.iterdir() if not f.name.startswith("."))


def pixels(file, channels):
    """One image, channels first; transparency is ignored."""
    try:
        from PIL import Image
    except ImportError:
        raise DataError("format images needs Pillow, which this Python lacks; without it only csv, idx, npy and npz are read") from None
    try:
        with Image.open(file, formats=("PNG", "JPEG")) as image:
            deep = image.mode.startswith("I")  # 16 bits, which Pillow would cut off at 255
            values = np.asarray(image if deep or image.mode == "L" else image.convert("RGB"), np.float32)
    except (OSError, ValueError, SyntaxError) as error:  # Pillow calls a torn PNG a syntax error
        raise DataError(f"{file} cannot be read as a PNG or JPEG image: {error}") from error
    if values.ndim == 2:
        return np.repeat((values / 257 if deep else values)[None], channels, axis=0)
    # ITU-R BT.601, as common tools convert to grey.
    return (values @ np.array([0.299, 0.587, 0.114], np.float32))[None] if channels == 1 else values.transpose(2, 0, 1)


def load(dataset, folder):
    """Examples as float32 with the declared shape, and Labels or Numbers."""
    examples, told = read(dataset, folder)
    shape, uri = dataset["shape"], dataset["uri"].split("?")[0]
    fitting = [shape, [math.prod(shape)]] + ([shape[1:]] if shape[0] == 1 else [])
    if list(examples.shape[1:]) not in fitting:
        raise DataError(f"{uri} has the shape {list(examples.shape)}; dataset.shape {shape} needs examples of that shape")
    if len(examples) != len(told) or not len(examples):
        raise DataError(f"{uri} has {len(examples)} examples and {len(told)} {'targets' if dataset.get('targets') else 'labels'}")
    examples = examples.astype(np.float32).reshape(-1, *shape)
    for column in dataset.get("categorical") or []:
        check_codes(examples, column, shape, uri)
    if dataset.get("targets"):
        return examples, numbers(told, dataset["targets"], uri)
    return examples, labels(told, dataset["classes"], uri)


def check_codes(examples, categorical, shape, uri):
    column, categories = categorical["column"], categorical["categories"]
    if shape[1:] != [1, 1] or not 0 <= column < shape[0]:
        raise DataError(f"dataset.categorical names the column {column}; dataset.shape {shape} must be [COLUMNS, 1, 1] with more columns")
    found = examples[:, column, 0, 0]
    wrong = np.flatnonzero((found != np.floor(found)) | (found < 0) | (found >= categories))
    if len(wrong):
        raise DataError(f"{uri}: example {wrong[0] + 1} has {found[wrong[0]]:g} in the categorical column {column};"
                        f" 0 to {categories - 1} are allowed")


def standard(examples, train, categorical):
    """What is taken off each channel and what it is then divided by, from the training rows; categories stay as they are."""
    mean, deviation = (of(examples[train], axis=(0, 2, 3), keepdims=True) for of in (np.mean, np.std))
    deviation[deviation <= 1e-12] = 1
    for column in categorical or []:
        mean[:, column["column"]], deviation[:, column["column"]] = 0, 1
    return mean, deviation


def labels(told, classes, uri):
    if told.size != len(told):
        raise DataError(f"{uri} has labels of the shape {list(told.shape)}; it must hold one for each example")
    of = told.reshape(-1).astype(np.float64)
    wrong = np.flatnonzero((of != np.floor(of)) | (of < 0) | (of >= classes))
    if len(wrong):
        raise DataError(f"{uri}: example {wrong[0] + 1} has the label {of[wrong[0]]:g}; 0 to {classes - 1} are allowed")
    return Labels(classes, of.astype(np.int64))


def numbers(told, columns, uri):
    if list(told.shape[1:]) not in [[columns]] + ([[]] if columns == 1 else []):
        raise DataError(f"{uri} has targets of the shape {list(told.shape)}; dataset.targets {columns} needs so many for each example")
    values = told.reshape(-1, columns)
    wrong = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if len(wrong):
        raise DataError(f"{uri}: example {wrong[0] + 1} has the target {values[wrong[0]]}, which is not finite")
    return Numbers(values)


def read(dataset, folder):
    """Arrays of examples and of what is to be said of them, as the files hold them."""
    kind = dataset["format"]
    if kind not in ("csv", "idx", "npy", "npz", "images"):
        raise DataError(f"format {kind} is not known to this trainer, only csv, idx, npy, npz and images")
    if kind == "images" and (dataset.get("targets") or dataset.get("sha256")):
        raise DataError(f"format images has {'labels, not dataset.targets' if dataset.get('targets') else 'no file for dataset.sha256'}")
    web = dataset["uri"].startswith(("http://", "https://"))
    file = fetched(dataset) if web else path(dataset["uri"], folder)
    if dataset.get("sha256"):
        found = hashlib.sha256(content(file)[0]).hexdigest()
        if found != dataset["sha256"].lower():
            raise DataError(f"{file} has the SHA-256 {found}, not {dataset['sha256']}")
    match kind:
        case "images":
            return images(file, dataset)
        case "csv":
            return rows(file, dataset)
        case "idx":
            return idx(file), idx(labelled(dataset, folder))
        case _:
            return arrays(dataset, file, folder)


def parts(targets, split, seed):
    """Rows for train, validation and test: disjoint, stratified by label, and the same for all trials of an experiment."""
    random, strata = np.random.default_rng(seed), targets.strata
    cut = {"train": [], "validation": [], "test": []}
    for stratum in np.unique(strata):
        own = random.permutation(np.flatnonzero(strata == stratum))
        validation = max(1, round(len(own) * split["validation"]))
        test = max(1, round(len(own) * split["test"])) if split["test"] else 0
        if len(own) - validation - test < 1:
            whose = "the data" if targets.numbers else f"class {stratum}"
            raise DataError(f"{whose} has {len(own)} example(s), too few for the split")
        cut["validation"].append(own[:validation])
        cut["test"].append(own[validation:validation + test])
        cut["train"].append(own[validation + test:])
    return {name: np.sort(np.concatenate(chunks)) for name, chunks in cut.items()}


def fewer(train, targets, fraction, seed):
    """A part of the training rows, as much of each class; less lies in more."""
    order, strata = np.random.default_rng([seed, 1]).permutation(train), targets.strata
    kept = [own[:math.ceil(len(own) * fraction)] for own in (order[strata[order] == s] for s in np.unique(strata[train]))]
    return np.sort(np.concatenate(kept))
