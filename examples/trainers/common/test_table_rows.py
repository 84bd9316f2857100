"""Parquet, held against the same tables and expectations as the built-in trainer: python3 -m unittest, in this folder."""

import json
import unittest
from pathlib import Path

import data
from data_files import DataError

TABLES = Path(__file__).resolve().parents[3] / "trainer-image/src/test/resources/parquet"


class ParquetTest(unittest.TestCase):
    def test_tables_are_read_and_refused_as_the_built_in_trainer_does(self):
        cases = json.loads((TABLES / "cases.json").read_text())
        self.assertGreater(len(cases), 30)
        for case in cases:
            with self.subTest(**case["dataset"]):
                dataset = {"format": "parquet", "labelColumn": -1, **case["dataset"]}
                if "refused" in case:
                    self.refuse(dataset, case["refused"])
                    continue
                examples, told = data.load(dataset, TABLES)
                self.assertEqual(examples.reshape(len(examples), -1).tolist(), case["examples"])
                self.assertEqual((told.values if told.numbers else told.of).tolist(), case.get("labels", case.get("targets")))

    def refuse(self, dataset, words):
        with self.assertRaises(DataError) as refused:
            data.load(dataset, TABLES)
        for word in words:
            self.assertIn(word, str(refused.exception))


if __name__ == "__main__":
    unittest.main()
