"""Reads examples with labels or numbers and cuts them into train, validation and test parts."""

import io
import math
import struct
import zipfile

import numpy as np

import data_files
import table_rows
from data_files import DataError, content
from targets import Labels, Numbers

FORMATS = ("csv", "parquet", "idx", "npy", "npz", "images")
IDX_BYTES, IDX_FLOATS = np.dtype(np.uint8), np.dtype(">f4")
IMAGE_ENDINGS = (".png", ".jpg", ".jpeg")


def labelled(dataset, folder):
    if not dataset.get("labels"):
        raise DataError(f"dataset.labels is missing; format {dataset['format']} needs the address of the label file")
    return data_files.of(dataset["labels"], folder)


def idx(file):
    """Bytes or floats, as many sides as the file declares."""
    data = content(file)
    kind = {b"\0\0\x08": IDX_BYTES, b"\0\0\x0d": IDX_FLOATS}.get(data[:3])
    rank = data[3] if len(data) > 3 else 0
    if kind is None or not 1 <= rank <= 4 or len(data) < 4 + 4 * rank:
        raise DataError(f"{file} is no IDX file of bytes or floats with 1 to 4 sides")
    sides, body = struct.unpack_from(f">{rank}I", data, 4), data[4 + 4 * rank:]
    if len(body) != math.prod(sides) * kind.itemsize:
        raise DataError(f"{file} declares {sides} values, but holds {len(body) // kind.itemsize}")
    return np.frombuffer(body, kind).reshape(sides)


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
        examples, labels = (array(f, lambda f=f: np.load(io.BytesIO(content(f)))) for f in (file, labelled(dataset, folder)))
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
        raise DataError("format images needs Pillow, which this Python lacks; csv, idx, npy and npz need none") from None
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
    examples = examples.astype(np.float32, copy=False).reshape(-1, *shape)
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
    missing = np.setdiff1d(np.arange(classes), of)
    if len(missing):
        raise DataError(f"{uri} has examples of {classes - len(missing)} classes, but dataset.classes is {classes}: class {missing[0]} never occurs")
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
    if kind not in FORMATS:
        raise DataError(f"format {kind} is not known to this trainer, only {', '.join(FORMATS)}")
    if kind == "images" and (dataset.get("targets") or dataset.get("sha256")):
        raise DataError(f"format images has {'labels, not dataset.targets' if dataset.get('targets') else 'no file for dataset.sha256'}")
    file = data_files.of(dataset["uri"], folder, dataset.get("sha256"))
    match kind:
        case "images":
            return images(file, dataset)
        case "csv":
            return table_rows.from_csv(file, dataset)
        case "parquet":
            return table_rows.from_parquet(file, dataset)
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
