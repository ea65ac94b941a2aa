"""The known data sets: what manifest.json says, and how a file is checked."""

import gzip
import hashlib
import json
import os
import struct
import zlib
from dataclasses import dataclass, field

_MANIFEST = os.path.join(os.path.dirname(os.path.abspath(__file__)), "manifest.json")

# A file's state under a data folder.
OK = "ok"
REPACKED = "ok (packed by another gzip)"
MISSING = "missing"
CORRUPT = "corrupt"


class UnknownName(Exception):
    """A name that is neither a set, nor a file, nor 'all'."""


@dataclass(frozen=True)
class File:
    """One file of a set. Addresses may serve it plain or packed."""

    path: str  # under the data folder
    bytes: int
    sha256: str  # as stored
    unpacked_bytes: int
    unpacked_sha256: str  # of the content; equal to sha256 for a plain file
    sources: tuple = ()  # addresses, best first; empty: to be made by hand
    transform: str = ""  # from the address's content to the stored content
    optional: bool = False  # a licence or README: fine without

    @property
    def packed(self):
        return self.path.endswith(".gz")


@dataclass(frozen=True)
class DataSet:
    name: str
    description: str
    page: str
    snapshot: str
    licence: str
    counts: str
    format: str
    citation: str
    how: str  # what a person must know or do to get it
    files: tuple = field(default=())

    @property
    def bytes(self):
        return sum(file.bytes for file in self.files)


class Catalog:
    def __init__(self, path=_MANIFEST):
        with open(path, encoding="utf-8") as manifest:
            read = json.load(manifest)
        self.sets = []
        for fields in read["sets"]:
            files = tuple(
                File(**{**entry, "sources": tuple(entry["sources"])})
                for entry in fields["files"]
            )
            self.sets.append(DataSet(**{**fields, "files": files}))
        self.elsewhere = read["elsewhere"]

    def select(self, names):
        """Returns [(set, files)] for names of sets, or 'all'; a file's path
        stands for its whole set (a reader names the file that it missed)."""
        if not names or "all" in names:
            return [(data_set, data_set.files) for data_set in self.sets]
        wanted = set(names)
        known = set()
        result = []
        for data_set in self.sets:
            known.add(data_set.name)
            known.update(file.path for file in data_set.files)
            paths = {file.path for file in data_set.files}
            if data_set.name in wanted or paths & wanted:
                result.append((data_set, data_set.files))
        for name in names:
            if name not in known:
                raise UnknownName(
                    f"no data set or file named '{name}'; there are all, "
                    + ", ".join(data_set.name for data_set in self.sets)
                )
        return result


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def sha256_of_file(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def check(file, path):
    """Returns the state of `file` at `path`. Memory: one block, or the content
    of a packed file whose bytes differ from the manifest's."""
    if not os.path.isfile(path):
        return MISSING
    if sha256_of_file(path) == file.sha256:
        return OK
    if file.packed:
        try:
            with gzip.open(path) as packed:
                if sha256(packed.read()) == file.unpacked_sha256:
                    return REPACKED
        except (OSError, EOFError, zlib.error):
            pass
    return CORRUPT


def pack(content):
    """Gzip of level 9 without name or time, the manifest's own wrapper."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = compressor.compress(content) + compressor.flush()
    header = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"
    trailer = struct.pack("<II", zlib.crc32(content), len(content) & 0xFFFFFFFF)
    return header + body + trailer


def convert(file, served):
    """Returns the bytes to store for what an address served, or None when that
    is not the file: its content's checksum decides."""
    if sha256(served) == file.sha256:
        return served
    content = served
    if file.packed and served[:2] == b"\x1f\x8b":
        try:
            content = gzip.decompress(served)
        except (OSError, EOFError, zlib.error):
            return None
    if file.transform == "strip_whitespace":
        content = b"".join(content.split())
    if sha256(content) != file.unpacked_sha256:
        return None
    return pack(content) if file.packed else content
