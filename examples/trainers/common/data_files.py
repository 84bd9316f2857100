"""Where data files lie, and how those of the web and of S3 come here, once for all trials of a machine."""

import fcntl
import gzip
import hashlib
import http.client
import os
import re
import shutil
import tempfile
import urllib.error
import urllib.request
import zlib
from pathlib import Path
from urllib.parse import unquote, urlparse

PATIENCE = 30  # seconds without a word from a server


class Later(Exception):
    """The data cannot be had now; the message says why."""


class DataError(Exception):
    """The data cannot be used; the message says where."""


def of(uri, folder, sha256=None):
    """The file, or folder, of an address, which has the checksum where one is given."""
    if uri.startswith(("http://", "https://", "s3://")):
        return fetched(uri, sha256)
    if uri.startswith("generator:"):
        raise DataError(f"dataset.uri {uri} is made by the built-in trainer only; this one reads files, and nas data '{uri}' prints one")
    file = Path(unquote(urlparse(uri).path)) if uri.startswith("file://") else Path(os.environ.get("NAS_DATA_DIR") or folder) / uri
    if sha256:
        verify(file, sha256, file)
    return file


def content(file):
    """All bytes, unpacked where the name ends in .gz."""
    try:
        with (gzip.open if file.name.endswith(".gz") else open)(file, "rb") as opened:
            return opened.read()
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{file} cannot be read: {error}") from error


def verify(file, sha256, shown):
    try:
        found = digest(file)
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error}") from error
    if found != sha256.strip().lower():
        raise DataError(f"{shown} has the SHA-256 {found}, not {sha256}")


def digest(file):
    with open(file, "rb") as opened:
        found = hashlib.sha256()
        while chunk := opened.read(1 << 20):
            found.update(chunk)
    return found.hexdigest()


def fetched(uri, sha256):
    """The file of a web address or an object of S3, kept under its checksum as the built-in trainer keeps it."""
    checksum, shown = (sha256 or "").strip().lower(), uri.split("?")[0]  # a query may hold a signature
    if not re.fullmatch("[0-9a-f]{64}", checksum):
        raise DataError(f"dataset.sha256 is {sha256}; a file from http, https or s3 needs its checksum, 64 hexadecimal digits")
    cache = Path(os.environ.get("NAS_CACHE_DIR") or Path.home() / ".cache" / "nas-operator" / "data")
    file = cache / checksum / (re.sub(r"[^\w.-]", "_", Path(unquote(urlparse(uri).path)).name, flags=re.ASCII) or "data")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with open(file.parent / ".lock", "w") as lock:
            fcntl.lockf(lock, fcntl.LOCK_EX)  # of trials that start together one loads
            if not (file.is_file() and digest(file) == checksum):
                load(uri, shown, checksum, file)
    except OSError as error:
        raise Later(f"the cache of data files, {cache}, cannot be used: {error}") from error
    return file


def load(uri, shown, checksum, file):
    with tempfile.TemporaryDirectory(dir=file.parent) as folder:
        part = Path(folder) / file.name
        with part.open("wb") as target:
            (from_s3 if uri.startswith("s3://") else from_web)(uri, shown, target)
        verify(part, checksum, shown)
        os.replace(part, file)


def from_web(uri, shown, target):
    try:
        with urllib.request.urlopen(uri, timeout=PATIENCE) as answer:
            shutil.copyfileobj(answer, target)
    except urllib.error.HTTPError as error:
        raise refusal(shown, error.code) from error
    except http.client.InvalidURL as error:
        raise DataError(f"dataset.uri {shown} is not a valid address") from error
    except (OSError, http.client.HTTPException) as error:
        raise Later(f"{shown} cannot be loaded: {error}; it may be later") from error


def from_s3(uri, shown, target):
    """Credentials, region and AWS_ENDPOINT_URL are taken from where AWS's own tools take them; without credentials the object is
    asked for anonymously, as public ones may be."""
    try:
        import boto3
        from botocore import UNSIGNED, config, exceptions
    except ImportError:
        raise DataError(f"dataset.uri {shown} needs boto3, which this Python lacks") from None
    address = urlparse(uri)
    try:
        session = boto3.Session()
        asking = config.Config(connect_timeout=PATIENCE, read_timeout=PATIENCE, retries={"mode": "standard"},
                               signature_version=None if session.get_credentials() else UNSIGNED,
                               # Other stores seldom have a host name for each bucket.
                               s3={"addressing_style": "path" if os.environ.get("AWS_ENDPOINT_URL") else "auto"})
        client = session.client("s3", region_name=session.region_name or "us-east-1", config=asking)
        shutil.copyfileobj(client.get_object(Bucket=address.netloc, Key=unquote(address.path[1:]))["Body"], target)
    except exceptions.ClientError as error:
        raise refusal(shown, error.response["ResponseMetadata"]["HTTPStatusCode"]) from error
    except (exceptions.ParamValidationError, exceptions.PartialCredentialsError, exceptions.ProfileNotFound, ValueError) as error:
        raise DataError(f"dataset.uri {shown} cannot be asked for: {' '.join(str(error).split())}") from error
    except (exceptions.BotoCoreError, OSError) as error:
        raise Later(f"{shown} cannot be loaded: {error}; it may be later") from error


def refusal(shown, status):
    """What a server's answer means: some may be another one later."""
    if status in (408, 429) or status >= 500:
        return Later(f"{shown} answers {status}; it may be loaded later")
    why = ": it may not be read with the credentials that the trainer has" if status in (401, 403) else ""
    return DataError(f"dataset.uri {shown} answers {status}{why}")
