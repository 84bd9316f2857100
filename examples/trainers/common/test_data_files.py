"""Held against a web server and one of S3's protocol (moto): python3 -m unittest, in this folder, with test-requirements.txt."""

import hashlib
import http.server
import os
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path
from unittest import mock

import boto3
from moto.server import ThreadedMotoServer

import data
import data_files
from data_files import DataError, Later

TABLE = b"".join(b"%d,%d,%d\n" % (i, i % 3, i % 2) for i in range(20))
SUM = hashlib.sha256(TABLE).hexdigest()
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "tester", "AWS_SECRET_ACCESS_KEY": "secret"}


class Web(http.server.ThreadingHTTPServer):
    """Has one table, and is out of order elsewhere; counts what it is asked for."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.asked, self.address = [], f"http://127.0.0.1:{self.server_port}"

    def __enter__(self):
        threading.Thread(target=self.serve_forever).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        if self.path.startswith("/table.csv"):
            time.sleep(1 if "slow" in self.path else 0)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(TABLE)
        else:
            self.send_error(404 if self.path.startswith("/nowhere") else 503)

    def log_message(self, *_):
        pass


class WebTest(unittest.TestCase):
    def setUp(self):
        self.cache = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.enterContext(mock.patch.dict(os.environ, {"NAS_CACHE_DIR": str(self.cache), "no_proxy": "127.0.0.1"}))
        self.web = self.enterContext(Web())

    def test_of_trials_that_start_together_one_loads(self):
        uri = f"{self.web.address}/table.csv?slow"
        ask = [sys.executable, "-B", "-c", f"import data_files; print(data_files.of({uri!r}, '', {SUM!r}))"]
        trials = [subprocess.Popen(ask, cwd=Path(__file__).parent, stdout=subprocess.PIPE, text=True) for _ in range(3)]
        self.assertEqual({trial.communicate()[0].strip() for trial in trials}, {str(self.cache / SUM / "table.csv")})
        self.assertEqual((self.cache / SUM / "table.csv").read_bytes(), TABLE)
        self.assertEqual(self.web.asked, ["/table.csv?slow"])

    def test_a_damaged_file_in_the_cache_is_loaded_anew(self):
        file = data_files.of(f"{self.web.address}/table.csv", "", SUM)
        file.write_text("damaged")
        self.assertEqual(data_files.of(f"{self.web.address}/table.csv", "", SUM).read_bytes(), TABLE)

    def test_what_cannot_be_is_refused_and_what_may_pass_is_tried_later(self):
        for place, kind, sentence in (("/nowhere?key=secret", DataError, "answers 404"), ("/broken?key=secret", Later, "answers 503")):
            with self.subTest(place), self.assertRaisesRegex(kind, sentence) as refused:
                data_files.of(self.web.address + place, "", SUM)
            self.assertNotIn("secret", str(refused.exception))
        with self.assertRaisesRegex(DataError, f"/table.csv has the SHA-256 {SUM}, not 000"):
            data_files.of(self.web.address + "/table.csv", "", "0" * 64)


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
               "no_proxy": "127.0.0.1", "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
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
        with Web() as web:
            os.environ["AWS_ENDPOINT_URL"] = web.address
            self.assertEqual(self.refused(Later, "s3://tables/open.csv"), "s3://tables/open.csv answers 503; it may be loaded later")
        self.assertGreater(len(web.asked), 1)
        self.assertRegex(self.refused(Later, "s3://tables/open.csv"), r"s3://tables/open\.csv cannot be loaded: .*; it may be later")
        os.environ["NAS_CACHE_DIR"] = "/dev/null"
        self.assertIn("the cache of data files, /dev/null, cannot be used", self.refused(Later, "s3://tables/open.csv"))


if __name__ == "__main__":
    unittest.main()
