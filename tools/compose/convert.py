#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Makes a manifest of a compose file: what has a counterpart is written to the standard output or to FILE, what
has none is said on the standard error with its line, what is to be done on the device stands as comments on
top. It fetches nothing and changes nothing else. The manifest passes `myctr manifest check`.

Exit: 0 done; 1 the file cannot be read; 2 usage; with --strict 3 where something was left out."""
import argparse
import os
import sys

sys.dont_write_bytecode = True

import project  # noqa: E402
import read  # noqa: E402


def arguments():
    p = argparse.ArgumentParser(
        prog="tools/compose/convert.py", description="Make a manifest of a compose file."
    )
    p.add_argument("file", metavar="COMPOSE-FILE")
    p.add_argument("-o", "--output", metavar="FILE", help="write the manifest there")
    p.add_argument(
        "-p", "--name", help="of the project (default: the file's, or its folder's name)"
    )
    p.add_argument(
        "--profile",
        action="append",
        default=[],
        help="start its services with the device, too; * is all",
    )
    p.add_argument(
        "--env-file",
        action="append",
        default=[],
        metavar="FILE",
        help="instead of .env beside the file",
    )
    p.add_argument(
        "--files",
        metavar="DIR",
        help="of the device: where relative paths lie (/var/lib/myctr/files/PROJECT)",
    )
    p.add_argument(
        "--volumes",
        metavar="DIR",
        default="/var/lib/myctr/volumes",
        help="of the device: named volumes (%(default)s)",
    )
    p.add_argument(
        "--subnets",
        metavar="NET",
        default="10.89.0.0/16",
        help="networks without one get a part of it (%(default)s)",
    )
    p.add_argument("--strict", action="store_true", help="exit with 3 where something was left out")
    return p.parse_args()


def header(p, sections):
    """What a person has to do, as comments."""
    images = sorted({s.get("image") for s in sections if s.kind == "container" and s.get("image")})
    lines = [
        "Made of %s by tools/compose/convert.py; myctr-manifest(5) has every key."
        % os.path.basename(p.path_of_file)
    ]
    lines += ["Before the first start, on the device:"]
    lines += ["  myctr image load, so that `myctr image ls` has: " + " ".join(images)]
    lines += ["  " + what for what in dict.fromkeys(p.todo)]
    if p.folders:
        lines += ["  mkdir -p " + " ".join(sorted(set(p.folders)))]
    return "".join("# %s\n" % line for line in lines)


def write(path, text):
    if not path:
        sys.stdout.write(text)
        return
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def main():
    options = arguments()
    try:
        p = project.Project(options.file, options)
        sections = p.convert()
    except read.Problem as e:
        print("convert: %s" % e, file=sys.stderr)
        return 1
    except (ValueError, TypeError, AttributeError, KeyError):
        print(
            "convert: %s: networks, volumes or another part for all services is not written as expected"
            % options.file,
            file=sys.stderr,
        )
        return 1
    write(options.output, "\n".join([header(p, sections)] + [s.print() for s in sections]))
    for _, note in sorted(p.notes):
        print(note, file=sys.stderr)
    if p.notes:
        print(
            "convert: the manifest is without these %d; the rest has its counterpart"
            % len(p.notes),
            file=sys.stderr,
        )
    return 3 if options.strict and p.notes else 0


if __name__ == "__main__":
    sys.exit(main())
