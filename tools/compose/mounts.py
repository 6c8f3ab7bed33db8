# SPDX-License-Identifier: MIT
"""Volumes, folders in memory, secrets, devices and ports of a service. As in keys.py: rows for what there is a
counterpart of, a sentence for what is left out."""
import re

import text

MODES = {
    "ro": "ro",
    "rw": None,
    "z": None,
    "Z": None,
    "cached": None,
    "delegated": None,
    "consistent": None,
    "nocopy": None,
}
PROPAGATION = ("private", "slave", "shared", "rprivate", "rslave", "rshared")
# Folders of device nodes: their content is what is meant.
DEVICE_FOLDERS = (
    "/dev/dri",
    "/dev/snd",
    "/dev/input",
    "/dev/bus/usb",
    "/dev/net",
    "/dev/serial/by-id",
)


def bind(c, source, target, options):
    """One row mount =, or why not."""
    if source.endswith("docker.sock"):
        return c.left("%s: there is no Docker to speak to" % source)
    if target in ("/proc", "/sys") or target.startswith(("/proc/", "/sys/")):
        return c.left("%s: myctr makes that folder itself" % target)
    if source == target and re.match(r"/dev/[^/]+$", source) and source != "/dev/shm":
        return c.add("device", source)
    if source in ("/dev", "/dev/shm"):
        return c.left("%s: name what is used of it: device = /dev/..." % source)
    if ":" in source + target or not target.startswith("/"):
        return c.left("%s:%s: expected absolute paths without colons" % (source, target))
    return c.add(
        "mount", text.value(":".join([source, target] + ([",".join(options)] if options else [])))
    )


def volume(c, name, target, options):
    """A named volume is a folder of the device."""
    described = (c.project.file.get("volumes") or {}).get(name) or {}
    if described.get("driver", "local") != "local" or described.get("driver_opts"):
        return c.left("volume %s: [mount PATH] mounts what is not a plain folder" % name)
    source = "%s/%s" % (c.project.volumes, text.name(text.string(described.get("name", name))))
    c.folder(source)
    return bind(c, source, target, options)


def anonymous(c, target):
    """What is below it stays with the container's own layer, where it has one."""
    if c.service.get("read_only") in (True, "true"):
        source = "%s/%s-%s" % (
            c.project.volumes,
            c.name,
            text.name(target.strip("/").replace("/", "-")),
        )
        c.folder(source)
        return bind(c, source, target, [])
    return c.add("data-path", text.value(target))


def mode_options(c, modes):
    found = []
    for mode in [m for m in modes.split(",") if m]:
        if mode in PROPAGATION or MODES.get(mode):
            found.append(mode)
        elif mode not in MODES:
            c.left("%s: no such option of a mount" % mode)
    return found


def short(c, entry):
    parts = entry.split(":")
    if len(parts) == 1:
        return anonymous(c, entry)
    source, target, options = parts[0], parts[1], mode_options(c, ":".join(parts[2:]))
    if source.startswith("~"):
        return c.left("%s: whose home that is on the device is not known" % source)
    if source.startswith(("/", ".")):
        return bind(c, c.path(source), target, options)
    return volume(c, source, target, options)


def long_tmpfs(c, entry):
    options = entry.get("tmpfs") or {}
    rest = ["size=" + text.size_text(text.size(options["size"]))] if "size" in options else []
    if "mode" in options:
        # 1777 is meant to be octal, with or without the zero
        rest.append("mode=" + text.string(options["mode"]).removeprefix("0o"))
    c.add("tmpfs", ":".join([entry["target"]] + ([",".join(rest)] if rest else [])))


def long(c, entry):
    kind, source, target = (
        entry.get("type"),
        text.string(entry.get("source")),
        text.string(entry.get("target")),
    )
    options = ["ro"] if entry.get("read_only") is True else []
    propagation = (entry.get("bind") or {}).get("propagation")
    options += [propagation] if propagation else []
    if (entry.get("volume") or {}).get("subpath"):
        return c.left("%s: a part of a volume; mount its folder" % target, "subpath")
    if kind == "tmpfs":
        return long_tmpfs(c, entry)
    if kind == "bind":
        return bind(c, c.path(source), target, options)
    if kind == "volume":
        return volume(c, source, target, options) if source else anonymous(c, target)
    return c.left("type %s: only bind, volume and tmpfs are known" % kind)


def volumes(c, given):
    for entry in given:
        if isinstance(entry, dict):
            long(c, entry)
        else:
            short(c, text.string(entry))


def tmpfs(c, given):
    for entry in text.strings(given):
        path, _, options = entry.partition(":")
        kept = []
        for option in [o for o in options.split(",") if o]:
            name, _, value = option.partition("=")
            if name == "size":
                kept.append("size=" + text.size_text(text.size(value)))
            elif name == "mode":
                kept.append("mode=" + value)
            elif name in ("ro", "rw", "noexec", "exec", "nosuid", "suid", "nodev", "dev"):
                kept.append(name)
            else:
                c.left("%s: no such option of a tmpfs" % option)
        c.add("tmpfs", ":".join([path] + ([",".join(kept)] if kept else [])))


def from_files(c, given, kind, folder):
    """Secrets and configs that are files: mounted read-only."""
    for entry in given:
        short_form = isinstance(entry, str)
        name = entry if short_form else text.string(entry.get("source"))
        described = (c.project.file.get(kind) or {}).get(name) or {}
        target = name if short_form else text.string(entry.get("target") or name)
        if not described.get("file"):
            c.left("%s: only those with file: can be mounted" % name)
            continue
        if not short_form and any(key in entry for key in ("uid", "gid", "mode")):
            c.left("%s: owner and mode are those of the file" % name)
        bind(
            c,
            c.path(described["file"]),
            target if target.startswith("/") else folder + target,
            ["ro"],
        )


def secrets(c, given):
    from_files(c, given, "secrets", "/run/secrets/")


def configs(c, given):
    from_files(c, given, "configs", "/")


def device(c, source, target, rights):
    if source.startswith("/dev/serial/by-id/") and target != source:
        c.left(
            "inside it keeps its name by id, as it may be plugged in later: %s instead of %s"
            % (source, target)
        )
        target = source
    if source in DEVICE_FOLDERS:
        if target != source:
            return c.left("%s: a folder of devices keeps its place" % source)
        return c.add("device", source + "/*" + (":" + rights if rights else ""))
    return c.add(
        "device",
        ":".join([source] + ([target] if target != source else []) + ([rights] if rights else [])),
    )


def devices(c, given):
    for entry in given:
        if isinstance(entry, dict):
            entry = ":".join(
                text.string(entry[key])
                for key in ("source", "target", "permissions")
                if key in entry
            )
        source, *rest = text.string(entry).split(":")
        if not source.startswith("/"):
            c.left("%s: only nodes below /dev are known" % entry)
            continue
        rights = rest.pop() if rest and not rest[-1].startswith("/") else ""
        device(c, source, rest[0] if rest else source, "" if rights == "rwm" else rights)


# ---- published ports ------------------------------------------------------------------------------

SHORT_PORT = re.compile(
    r"(?:(?P<address>\[[0-9a-fA-F:.%]*\]|[0-9]+(?:\.[0-9]+){3}|):(?=[0-9-]*:))?(?:(?P<host>[0-9]+(?:-[0-9]+)?)?:)?(?P<inside>[0-9]+(?:-[0-9]+)?)(?:/(?P<proto>[a-z]+))?"
)


def width(ports):
    first, _, last = ports.partition("-")
    return int(last or first) - int(first) + 1


def publish(c, address, host, inside, proto):
    if not host:
        return c.left(
            "%s: no port of the device is chosen by itself; write publish = PORT:%s"
            % (inside, inside)
        )
    if proto not in ("tcp", "udp"):
        return c.left("%s:%s/%s: only tcp and udp are led" % (host, inside, proto))
    if width(host) != width(inside):
        return c.left("%s:%s: as many ports on both sides" % (host, inside))
    return c.add(
        "publish",
        "%s%s:%s%s"
        % (address + ":" if address else "", host, inside, "/udp" if proto == "udp" else ""),
    )


def port(c, entry):
    if isinstance(entry, dict):
        address = text.string(entry.get("host_ip"))
        if ":" in address:
            address = "[%s]" % address.strip("[]")
        return publish(
            c,
            address,
            text.string(entry.get("published")),
            text.string(entry.get("target")),
            text.string(entry.get("protocol") or "tcp"),
        )
    match = SHORT_PORT.fullmatch(text.string(entry))
    if not match:
        return c.left("%s: expected [ADDRESS:][PORT:]PORT[/PROTOCOL]" % entry)
    return publish(c, match["address"], match["host"], match["inside"], match["proto"] or "tcp")


def ports(c, given):
    if c.get("network") in ("host", "none"):
        c.left("with network = %s there is nothing to publish" % c.get("network"))
        return
    for entry in given:
        port(c, entry)
