"""Reads rows of numbers and of names of categories, one example each, with a label or numbers to be foretold."""

import csv
import math

import numpy as np

from data_files import DataError, content

NUMBERS = ("BOOLEAN", "INT32", "INT64", "FLOAT", "DOUBLE")


def from_csv(file, dataset):
    """Examples and what is to be said of them, in the columns from dataset.labelColumn on."""
    width, wanted, first = layout(dataset)
    lines, names = [], codes(dataset, first, wanted)
    try:
        text = content(file).decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"{file} is not a text file: {error}") from error
    for number, cells in enumerate(csv.reader(text.splitlines()), start=1):
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


def from_parquet(file, dataset):
    """The same from columns of numbers or truth values, and of text where dataset.categorical has names."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise DataError("format parquet needs pyarrow, which this Python lacks; csv, idx, npy and npz need none") from None
    width, wanted, first = layout(dataset)
    names = codes(dataset, first, wanted)
    try:
        with parquet.ParquetFile(file) as opened:
            check_columns(file, opened, names, width + wanted)
            table = opened.read()
        examples, told = np.empty((len(table), width), np.float32), np.empty((len(table), wanted))
        unfit = []
        for c, column in enumerate(table.columns):
            into = told[:, c - first] if first <= c < first + wanted else examples[:, c if c < first else c - wanted]
            into[:] = values = numbers(column, names.get(c))
            unfit += [(int(row), c) for row in np.flatnonzero(~np.isfinite(values))[:1]]
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(f"{file} cannot be read: {error}") from error
    if unfit:
        refuse_cell(file, table, *min(unfit), names)
    return examples, told


def refuse_cell(file, table, row, c, names):
    found = table.column(c)[row].as_py()
    if c in names:
        raise DataError(f"{file}, row {row + 1} holds the category {(found or '').strip()!r}, which dataset.categorical does not list")
    raise DataError(f"{file}, row {row + 1}, column {table.column_names[c]} is {'empty' if found is None else found};"
                    " every value must be a finite number")


def check_columns(file, opened, names, needed):
    """Refuses columns that hold something else, and another number of them."""
    from pyarrow import types

    fields = list(opened.schema_arrow)
    for c, field in enumerate(fields):
        if types.is_nested(field.type):
            kind, fits = "lists or records", False
        else:
            own = opened.schema.column(c)
            logical = own.logical_type.type
            kind = own.physical_type if logical == "NONE" else logical.capitalize()
            fits = logical == "STRING" if c in names else own.physical_type in NUMBERS and logical in ("NONE", "INT")
        if not fits:
            each = "text, as dataset.categorical has values," if c in names else "number or truth value"
            raise DataError(f"{file}, column {field.name} holds {kind}; every column must hold one {each} a row")
    if len(fields) != needed:
        listed = ", ".join(field.name for field in fields[:5]) + (", …" if len(fields) > 5 else "")
        raise DataError(f"{file} has {len(fields)} columns ({listed}), not {needed}")


def numbers(column, codes):
    """The numbers of a column, or the codes of its texts, an empty cell being the name of nothing; NaN where it has none."""
    import pyarrow

    if codes is not None:
        return np.array([codes.get((name or "").strip(), math.nan) for name in column.to_pylist()], np.float64)
    if pyarrow.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return column.cast(pyarrow.float64(), safe=False).to_numpy()


def layout(dataset):
    """How many values an example has, how many columns its label or targets, and the first of these."""
    width, wanted = math.prod(dataset["shape"]), dataset.get("targets") or 1
    first = width if dataset["labelColumn"] < 0 else dataset["labelColumn"]
    if first > width:
        raise DataError(f"dataset.labelColumn is {first}; {width} values of an example allow -1 to {width}")
    return width, wanted, first


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
