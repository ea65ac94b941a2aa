"""Lists, fetches and verifies the data sets that Muster's experiments read.

    ./bazelw run //tools/data -- list
    ./bazelw run //tools/data -- fetch a9a mnist --data_dir DIR
    ./bazelw run //tools/data -- verify --data_dir DIR

Names are those of sets, or all; a file's path stands for its set. DIR defaults
to $MUSTER_DATA.
Fetching resumes, retries, checks every file against its SHA-256 and puts it in
place by a rename. --mirror ADDRESS takes all files from one place that has the
layout of DIR (for instance a copy served by `python3 -m http.server`).

Exit codes: 0 all is there, 1 something is missing, corrupt or could not be had,
2 the command is wrong.
"""

import argparse
import os
import sys
import textwrap
import urllib.parse

from tools.data import catalog, download


class Progress:
    """One redrawn line a file on a terminal, nothing elsewhere."""

    def __init__(self, stream=sys.stderr):
        self._stream = stream
        self._terminal = stream.isatty()
        self._name = ""

    def begin(self, name):
        self._name = name

    def show(self, done, total):
        if not self._terminal:
            return
        of = f"/{total / 1e6:.1f} MB {100 * done / total:3.0f}%" if total > 0 else " MB"
        self._stream.write(f"\r\x1b[K{self._name} {done / 1e6:.1f}{of}")
        self._stream.flush()

    def end(self):
        if self._terminal:
            self._stream.write("\r\x1b[K")


def _folder(options):
    """The data folder as the caller meant it: `bazel run` changes folders."""
    given = options.data_dir or os.environ.get("MUSTER_DATA", "")
    if not given:
        return None
    call = os.environ.get("BUILD_WORKING_DIRECTORY", os.getcwd())
    return os.path.normpath(os.path.join(call, os.path.expanduser(given)))


def _size(count):
    return f"{count / 1e6:.1f} MB" if count >= 1e5 else f"{count / 1e3:.1f} kB"


def _obtainable(files):
    """'yes', 'in part' or 'by hand': whether fetch can get the files."""
    needed = [file for file in files if not file.optional]
    with_source = sum(1 for file in needed if file.sources)
    if with_source == len(needed):
        return "yes"
    return "in part" if with_source else "by hand"


def run_list(known, options):
    folder = _folder(options)
    rows = [("name", "size", "fetch", "here", "what")]
    for data_set, files in known.select(options.names):
        here = "?"
        if folder:
            present = [os.path.isfile(os.path.join(folder, f.path)) for f in files]
            here = f"{sum(present)}/{len(files)}"
        size = _size(sum(file.bytes for file in files))
        rows.append(
            (data_set.name, size, _obtainable(files), here, data_set.description)
        )
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    for row in rows:
        print(
            f"{row[0]:<{widths[0]}}  {row[1]:>{widths[1]}}  {row[2]:<{widths[2]}}  "
            f"{row[3]:>{widths[3]}}  {row[4]}"
        )
    if options.names:
        for data_set, _ in known.select(options.names):
            _describe(data_set)
    else:
        print("\nNot among them (their terms or sizes forbid it; see the pages):")
        for entry in known.elsewhere:
            print(f"  {entry['name']}: {entry['page']}")
        print("\n`list NAME` says more of one: licence, counts, format, citation.")
    return 0


def _describe(data_set):
    print(f"\n{data_set.name}")
    for name in (
        "page", "snapshot", "licence", "counts", "format", "citation", "how"
    ):
        text = getattr(data_set, name)
        if text:
            print(
                textwrap.fill(
                    text, 100, initial_indent=f"  {name:<9} ",
                    subsequent_indent=" " * 12,
                )
            )
    for file in data_set.files:
        print(f"  {file.sha256}  {file.path}  {_size(file.bytes)}")


def run_verify(known, options):
    folder = _folder(options)
    if not folder:
        return _no_folder()
    bad, good, to_get = 0, 0, []
    for data_set, files in known.select(options.names):
        for file in files:
            state = catalog.check(file, os.path.join(folder, file.path))
            if state in (catalog.OK, catalog.REPACKED):
                good += 1
                if state == catalog.REPACKED:
                    print(f"{file.path}: {state}")
            elif file.optional and state == catalog.MISSING:
                print(f"{file.path}: {state} (optional)")
            else:
                bad += 1
                print(f"{file.path}: {state} ({data_set.name})")
                if data_set.name not in to_get:
                    to_get.append(data_set.name)
    print(f"{good} files ok, {bad} missing or corrupt in {folder}")
    if to_get:
        print(
            "Get them by: ./bazelw run //tools/data -- fetch "
            f"{' '.join(to_get)} --data_dir {folder}"
        )
    return 1 if bad else 0


def _no_folder():
    print(
        "error: name the folder of the data: --data_dir DIR, or set $MUSTER_DATA",
        file=sys.stderr,
    )
    return 2


def _addresses(file, options):
    if options.mirror:
        return [options.mirror.rstrip("/") + "/" + urllib.parse.quote(file.path)]
    return list(file.sources)


def _fetch_file(file, target, options, progress):
    """Gets one file; returns an error's text, or None."""
    addresses = _addresses(file, options)
    if not addresses:
        return "no address serves it as it is"
    downloader = download.Downloader(
        retries=options.retries,
        wait_seconds=options.retry_seconds,
        on_bytes=progress.show,
    )
    errors = []
    progress.begin(file.path)
    for address in addresses:
        try:
            served = downloader.fetch(address, target)
        except download.DownloadError as error:
            errors.append(str(error))
            continue
        finally:
            progress.end()
        stored = catalog.convert(file, served)
        downloader.done(target)
        if stored is None:
            errors.append(
                f"{address}: served {len(served)} bytes with SHA-256 "
                f"{catalog.sha256(served)}, which is not this file (content "
                f"{file.unpacked_sha256}); nothing was stored"
            )
            continue
        temporary = target + ".new"
        with open(temporary, "wb") as output:
            output.write(stored)
        os.replace(temporary, target)
        return None
    return "\n    ".join(errors)


def run_fetch(known, options):
    folder = _folder(options)
    if not folder:
        return _no_folder()
    progress = Progress()
    failed = 0
    for data_set, files in known.select(options.names):
        by_hand = False
        for file in files:
            target = os.path.join(folder, file.path)
            state = catalog.check(file, target)
            if state in (catalog.OK, catalog.REPACKED):
                print(f"{file.path}: already there")
                continue
            try:
                error = _fetch_file(file, target, options, progress)
            except OSError as problem:
                error = f"cannot write to {folder}: {problem.strerror or problem}"
            if error is None:
                print(f"{file.path}: fetched, {_size(file.bytes)}")
            elif file.optional:
                print(f"{file.path}: skipped (optional): {error}")
            else:
                failed += 1
                by_hand = by_hand or not file.sources
                print(f"{file.path}: FAILED: {error}", file=sys.stderr)
        print(f"{data_set.name}: licence: {data_set.licence}")
        if by_hand and not options.mirror:
            print(
                f"{data_set.name}: {data_set.how}\n  page: {data_set.page}\n"
                f"  snapshot: {data_set.snapshot}\n  format: {data_set.format}",
                file=sys.stderr,
            )
    if failed:
        print(f"{failed} files could not be had", file=sys.stderr)
    return 1 if failed else 0


def _number(kind, least, most):
    """The type of an argument: a `kind` between two bounds."""

    def read(text):
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not least <= value <= most:  # NaN is not, either
            what = "a whole number" if kind is int else "a number"
            raise argparse.ArgumentTypeError(
                f"'{text}' must be {what} between {least} and {most}"
            )
        return value

    return read


def _parser():
    parser = argparse.ArgumentParser(
        prog="data",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (
        ("list", "show the known sets, or all about some"),
        ("fetch", "get sets"),
        ("verify", "check what is in the folder"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("names", nargs="+" if name == "fetch" else "*")
        command.add_argument("--data_dir", default="", help="default: $MUSTER_DATA")
        if name == "fetch":
            command.add_argument("--mirror", default="", help="an address with DIR's layout")
            command.add_argument(
                "--retries", type=_number(int, 0, 20), default=4,
                help="further tries of a transfer that was cut; 0: none",
            )
            command.add_argument(
                "--retry_seconds", type=_number(float, 0, 60), default=0.5,
                help="wait before the first retry; doubles",
            )
    return parser


def main(arguments, known=None):
    options = _parser().parse_args(arguments)
    try:
        known = known or catalog.Catalog()
        return {"list": run_list, "fetch": run_fetch, "verify": run_verify}[
            options.command
        ](known, options)
    except catalog.UnknownName as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nstopped; run the command again to go on", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
