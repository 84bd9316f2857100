"""Held against a server of S3's protocol (moto) and one that is out of order: python3 -m unittest, in this folder, with what test-requirements.txt lists."""

import hashlib
import http.server
import os
import tempfile
import threading
import unittest
from pathlib import Path
from unittest import mock

import boto3
from moto.server import ThreadedMotoServer

import data
from data_files import DataError, Later

TABLE = b"".join(b"%d,%d,%d\n" % (i, i % 3, i % 2) for i in range(20))
SUM = hashlib.sha256(TABLE).hexdigest()
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "tester", "AWS_SECRET_ACCESS_KEY": "secret"}


class OutOfOrder(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked += 1
        self.send_error(503)

    def log_message(self, *_):
        pass


class S3Test(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.store = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        cls.store.start()
        cls.addClassCleanup(cls.store.stop)
        cls.endpoint = "http://{}:{}".format(*cls.store.get_host_and_port())
        owner = boto3.client("s3", endpoint_url=cls.endpoint, region_name="us-east-1",
                             aws_access_key_id="owner", aws_secret_access_key="secret")
        owner.create_bucket(Bucket="tables")
        owner.put_object(Bucket="tables", Key="own/some trees.csv", Body=TABLE)
        owner.put_object(Bucket="tables", Key="open.csv", Body=TABLE, ACL="public-read")

    def setUp(self):
        self.cache = Path(self.enterContext(tempfile.TemporaryDirectory()))
        clean = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        own = {"AWS_ENDPOINT_URL": self.endpoint, "AWS_EC2_METADATA_DISABLED": "true", "NAS_CACHE_DIR": str(self.cache),
               "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
        self.enterContext(mock.patch.dict(os.environ, {**clean, **own}, clear=True))

    def load(self, uri, checksum=SUM):
        dataset = {"uri": uri, "format": "csv", "sha256": checksum, "labelColumn": -1, "shape": [2, 1, 1], "classes": 2}
        return data.load(dataset, "/nowhere")

    def refused(self, kind, uri, **other):
        with self.assertRaises(kind) as refused:
            self.load(uri, **other)
        return str(refused.exception)

    def test_an_object_is_loaded_once_with_the_credentials_of_the_environment(self):
        os.environ.update(CREDENTIALS)
        examples, told = self.load("s3://tables/own/some%20trees.csv")
        self.assertEqual(examples[:, 0, 0, 0].tolist(), list(range(20)))
        self.assertEqual(told.of.tolist(), [0, 1] * 10)
        self.assertEqual((self.cache / SUM / "some_trees.csv").read_bytes(), TABLE)
        os.environ["AWS_ENDPOINT_URL"] = "http://127.0.0.1:9"
        self.assertEqual(len(self.load("s3://tables/own/some%20trees.csv", checksum=SUM.upper())[0]), 20)

    def test_without_credentials_an_object_is_asked_for_anonymously(self):
        self.assertEqual(len(self.load("s3://tables/open.csv")[0]), 20)
        self.assertEqual(self.refused(DataError, "s3://tables/own/some%20trees.csv"),
                         "dataset.uri s3://tables/own/some%20trees.csv answers 403:"
                         " it may not be read with the credentials that the trainer has")

    def test_what_is_not_there_or_another_file_is_refused(self):
        os.environ.update(CREDENTIALS)
        self.assertEqual(self.refused(DataError, "s3://tables/nothing.csv"), "dataset.uri s3://tables/nothing.csv answers 404")
        self.assertEqual(self.refused(DataError, "s3://nowhere/open.csv"), "dataset.uri s3://nowhere/open.csv answers 404")
        self.assertEqual(self.refused(DataError, "s3://tables/open.csv", checksum="0" * 64),
                         f"s3://tables/open.csv has the SHA-256 {SUM}, not {'0' * 64}")
        self.assertEqual(self.refused(DataError, "s3://tables/open.csv", checksum=None),
                         "dataset.sha256 is None; a file from http, https or s3 needs its checksum, 64 hexadecimal digits")
        self.assertIn("cannot be asked for", self.refused(DataError, "s3://no bucket/open.csv"))
        self.assertEqual([f.name for f in self.cache.rglob("*") if f.is_file()], [".lock"] * 2)

    def test_a_store_that_is_out_of_order_or_not_there_is_asked_later(self):
        os.environ.update(CREDENTIALS)
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), OutOfOrder) as server:
            server.asked = 0
            threading.Thread(target=server.serve_forever).start()
            os.environ["AWS_ENDPOINT_URL"] = "http://127.0.0.1:{}".format(server.server_port)
            self.assertEqual(self.refused(Later, "s3://tables/open.csv"), "s3://tables/open.csv answers 503; it may be loaded later")
            server.shutdown()
        self.assertGreater(server.asked, 1)
        self.assertRegex(self.refused(Later, "s3://tables/open.csv"), r"s3://tables/open\.csv cannot be loaded: .*; it may be later")
        os.environ["NAS_CACHE_DIR"] = "/dev/null"
        self.assertIn("the cache of data files, /dev/null, cannot be used", self.refused(Later, "s3://tables/open.csv"))


if __name__ == "__main__":
    unittest.main()
