"""Writes the tables beside it, with pyarrow 25.0.1; cases.json says what trainers must make of them."""

import datetime
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

HERE = Path(__file__).parent
TREES = pa.table({
    "length": [1.5, 2.0, 3.0, 4.0],
    "width": pa.array([1, 2, 3, 4], pa.int8()),
    "old": [True, False, True, False],
    "depth": [5, 6, 7, 1 << 40],
    "label": pa.array([0, 1, 2, 1], pa.int32()),
})
NAMES = {"work": ["state", None, "own, small", " state"], "age": [20.0, 30.0, 40.0, 50.0], "label": [0, 1, 1, 0]}
LABELS = [0, 1]


def write(name, columns, **options):
    table = columns if isinstance(columns, pa.Table) else pa.table(columns)
    parquet.write_table(table, HERE / f"{name}.parquet", **options)


for compression in ("none", "gzip", "snappy", "zstd"):
    write(compression, TREES, compression=compression)
write("groups", TREES, row_group_size=1, use_dictionary=False, data_page_version="2.0")
write("names", NAMES)
write("dictionaries", {**NAMES, "work": pa.array(NAMES["work"]).dictionary_encode(),
                       "age": pa.array(NAMES["age"]).dictionary_encode()})
write("unsigned", {"byte": pa.array([255, 1], pa.uint8()), "int": pa.array([3_000_000_000, 1], pa.uint32()),
                   "long": pa.array([1 << 63, 1], pa.uint64()), "label": LABELS})
write("targets", {"sum": [1.5, 2.5], "product": pa.array([0.25, -1], pa.float32()), "x": [1, 2], "y": [3, 4]})
write("halved", {"x": list(range(8)), "label": LABELS * 4})
write("label", {"label": [0, 3, 1], "x": [1, 2, 3]})
write("half-label", {"x": [1, 2, 3], "label": [0, 1, 0.5]})
write("empty-cell", {"x": [1.0, None], "label": LABELS})
write("empty-truth", {"x": [True, None], "label": LABELS})
write("not-finite", {"x": [1.0, 2.0], "y": [1.0, float("nan")], "label": LABELS})
write("codes", {"x": [0, 1, 2], "label": [0, 1, 0]})
write("text", {"x": ["a", "b"], "label": LABELS})
write("bytes", {"x": [b"a", b"b"], "label": LABELS})
write("dates", {"x": [datetime.date(2026, 1, 1)] * 2, "label": LABELS})
write("decimals", {"x": pa.array([1, 2], pa.decimal128(5, 2)), "label": LABELS})
write("halves", {"x": pa.array([1.5, 2], pa.float16()), "label": LABELS})
write("nothing", {"x": pa.nulls(2), "label": LABELS})
write("lists", {"x": [[1.0], [2.0]], "label": LABELS})
write("records", {"x": [{"y": 1.0}, {"y": 2.0}], "label": LABELS})
write("no-rows", TREES.slice(0, 0))
(HERE / "torn.parquet").write_bytes((HERE / "snappy.parquet").read_bytes()[:900])
