#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes the SBOM of a release, SPDX 2.3 in JSON: the sources, each binary, and what is linked into it as its link map
says. Versions and checksums of libraries are those pinned in tools/sysroot/build.sh. The same input gives the
same bytes. Source: https://spdx.github.io/spdx-spec/v2.3/"""
import argparse
import hashlib
import json
import os
import re
import sys
import time

# name in the archive or map: package of Debian, licence, what it is called
LIBRARIES = {
    "libc": ("musl", "MIT", "musl"),
    "libseccomp": ("libseccomp", "LGPL-2.1-only", "libseccomp"),
    "libcap": ("libcap2", "BSD-3-Clause OR GPL-2.0-only", "libcap"),
    "liblz4": ("lz4", "BSD-2-Clause", "lz4"),
    "libz": ("zlib", "Zlib", "zlib"),
    "libzstd": ("libzstd", "BSD-3-Clause OR GPL-2.0-only", "zstd"),
    "libsodium": ("libsodium", "ISC", "libsodium"),
    "jsmn": ("jsmn", "MIT", "jsmn"),
    "libgcc": (None, "GPL-3.0-or-later WITH GCC-exception-3.1", "libgcc"),
}
POOL = "https://deb.debian.org/debian/pool/"


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def pins():
    """package -> (version, path in the pool, SHA-256) of tools/sysroot/build.sh; for musl one for each processor."""
    found = {}
    here = os.path.join(os.path.dirname(__file__), "..", "..", "sysroot", "build.sh")
    with open(here, encoding="utf-8") as file:
        for line in file:
            match = re.search(
                r"(main/\S+/(?:([a-z0-9]+?)(?:-dev)?)_([^_ ]+?)(?:\.orig\.tar\.\w+|_(\w+)\.deb)) ([0-9a-f]{64})",
                line,
            )
            if match:
                found.setdefault(match[2], []).append((match[3], match[1], match[5]))
    return found


def linked(folder):
    """Libraries of which something is in the program, by its link map; jsmn is a header."""
    found = {"libc"}
    path = os.path.join(folder, "myctr.map")
    with open(path, encoding="utf-8", errors="replace") as file:
        # up to the list of what was thrown away
        text = file.read().split("Discarded input sections")[0]
    found |= {name for name in re.findall(r"/(lib[a-z0-9]+)\.a\(", text) if name in LIBRARIES}
    if os.path.exists(os.path.join(folder, "core/lib/json.o")):
        found.add("jsmn")
    return sorted(found)


def spdx_id(*words):
    return "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", "-".join(words))


def checksum(value):
    return [{"algorithm": "SHA256", "checksumValue": value}]


def package(ident, name, version, licence, **more):
    found = {
        "SPDXID": ident,
        "name": name,
        "versionInfo": version,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "licenseConcluded": licence,
        "licenseDeclared": licence,
        "copyrightText": "NOASSERTION",
    }
    found.update(more)
    return found


def library(name):
    """The package of a library as it was pinned."""
    debian, licence, called = LIBRARIES[name]
    if not debian:
        return package(
            spdx_id("lib", called),
            called,
            "NOASSERTION",
            licence,
            supplier="NOASSERTION",
            comment="the support library of the compiler",
        )
    version, path, value = pins()[debian][0]
    # musl comes as Debian's binary package, one for each processor
    more = (
        {} if debian == "musl" else {"downloadLocation": POOL + path, "checksums": checksum(value)}
    )
    reference = {
        "referenceCategory": "PACKAGE-MANAGER",
        "referenceType": "purl",
        "referenceLocator": "pkg:deb/debian/%s@%s" % (debian, version.replace("+", "%2B")),
    }
    return package(
        spdx_id("lib", called),
        called,
        version,
        licence,
        supplier="Organization: Debian",
        externalRefs=[reference],
        **more
    )


def relation(one, kind, other):
    return {"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other}


def document(options, binaries):
    digest = sha256(options.source)
    source = spdx_id("source")
    packages = [
        package(
            source,
            "myctr",
            options.version,
            "MIT",
            packageFileName=os.path.basename(options.source),
            checksums=checksum(digest),
            supplier="NOASSERTION",
            primaryPackagePurpose="SOURCE",
        )
    ]
    relations = [relation("SPDXRef-DOCUMENT", "DESCRIBES", source)]
    used = set()
    for archive, name, arch, config, folder in binaries:
        ident = spdx_id("binary", arch, config)
        packages.append(
            package(
                ident,
                name,
                options.version,
                "NOASSERTION",
                packageFileName="%s/%s" % (archive, name),
                supplier="NOASSERTION",
                checksums=checksum(sha256(os.path.join(folder, "myctr"))),
                primaryPackagePurpose="APPLICATION",
                comment="configuration %s for %s, static" % (config, arch),
            )
            | {"licenseDeclared": "MIT"}
        )
        relations += [
            relation("SPDXRef-DOCUMENT", "DESCRIBES", ident),
            relation(ident, "GENERATED_FROM", source),
        ]
        for lib in linked(folder):
            used.add(lib)
            relations.append(relation(ident, "STATIC_LINK", spdx_id("lib", LIBRARIES[lib][2])))
    packages += [library(name) for name in sorted(used)]
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": "myctr-" + options.version,
        "documentNamespace": "https://spdx.org/spdxdocs/myctr-%s-%s" % (options.version, digest),
        "creationInfo": {
            "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(options.epoch)),
            "creators": ["Tool: myctr-sbom"],
        },
        "packages": packages,
        "relationships": relations,
    }


def check(found):
    """What a schema cannot see: each name once, and each reference leads somewhere."""
    names = [p["SPDXID"] for p in found["packages"]] + [found["SPDXID"]]
    wrong = {n for n in names if names.count(n) > 1}
    for r in found["relationships"]:
        wrong |= {r["spdxElementId"], r["relatedSpdxElement"]} - set(names)
    return wrong


def main():
    p = argparse.ArgumentParser(description="Write the SBOM of a release.")
    p.add_argument("--version", required=True)
    p.add_argument("--source", required=True, metavar="TARBALL")
    p.add_argument("--epoch", required=True, type=int)
    p.add_argument(
        "--binaries", required=True, metavar="FILE", help="lines: ARCHIVE NAME ARCH CONFIG FOLDER"
    )
    p.add_argument("-o", "--output", required=True)
    options = p.parse_args()
    with open(options.binaries, encoding="utf-8") as file:
        binaries = [line.split() for line in file]
    found = document(options, binaries)
    wrong = check(found)
    if wrong:
        print("sbom: defined twice, or never: %s" % " ".join(sorted(wrong)), file=sys.stderr)
        return 1
    with open(options.output, "w", encoding="utf-8") as file:
        json.dump(found, file, indent=1, sort_keys=True)
        file.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
