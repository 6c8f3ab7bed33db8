# SPDX-License-Identifier: MIT
"""A compose file becomes sections of a manifest: which services, their names, their networks. The keys of a
service are in keys.py."""
import ipaddress
import os
import posixpath

import keys
import read
import text

TOP = ("services", "networks", "volumes", "secrets", "configs", "version", "name")
SHARED = ("driver", "driver_opts", "ipam", "internal", "name", "enable_ipv6", "enable_ipv4")
# The order in which a section is written; what is not here comes in between as it came.
FIRST = ["image", "entrypoint", "command", "env", "user", "workdir"]
LAST = [
    "restart",
    "restart-delay",
    "restart-limit",
    "after",
    "requires",
    "health",
    "stop-signal",
    "stop-timeout",
    "log",
    "log-size",
    "log-files",
    "log-also",
    "log-server",
    "label",
]


class Section:
    """[kind name] and its rows."""

    def __init__(self, kind, name):
        self.kind, self.name, self.rows = kind, name, []

    def add(self, key, value):
        self.rows.append((key, value))

    def set(self, key, value):
        """In place of what was there."""
        self.rows = [row for row in self.rows if row[0] != key]
        self.add(key, value)

    def get(self, key):
        return next((value for name, value in self.rows if name == key), None)

    def print(self):
        order = {key: i - 100 for i, key in enumerate(FIRST)} | {
            key: i + 1 for i, key in enumerate(LAST)
        }
        rows = sorted(dict.fromkeys(self.rows), key=lambda row: order.get(row[0], 0))
        wide = max([len(key) for key, _ in rows] + [8])
        lines = ["%-*s = %s" % (wide, key, value) for key, value in rows]
        return (
            "\n".join(["[%s %s]" % (self.kind, self.name)] + [line.rstrip() for line in lines])
            + "\n"
        )


class Container(Section):
    """A service, while it is converted. Its rows are the result; what is left out goes to the project."""

    def __init__(self, project, service_name, service):
        super().__init__("container", project.container_of(service_name))
        self.project, self.service_name, self.service = project, service_name, service
        self.env, self.variables, self.at = project.env, {}, []

    def left(self, why, key=None):
        top = self.at[0] if self.at else None
        line = self.service.lines.get(top) or self.project.file["services"].lines.get(
            self.service_name
        )
        where = ["services", self.service_name] + self.at + ([key] if key else [])
        self.project.left(".".join(where), line, why)

    def todo(self, what):
        self.project.todo.append(what)

    def folder(self, path):
        self.project.folders.append(path)

    def path(self, given):
        return self.project.path(given)

    def apply(self, convert, given, key):
        """One key; one that makes no sense is left out as a whole."""
        self.at.append(key)
        try:
            convert(self, given)
        except (ValueError, TypeError, AttributeError, KeyError) as e:
            mine = isinstance(e, ValueError) and not str(e).startswith(
                ("invalid literal", "could not convert")
            )
            self.left(str(e) if mine else "is not written as expected")
        self.at.pop()

    def convert(self):
        if self.service.get("env_file") is not None:
            self.variables.update(self.project.env_files(self.service["env_file"]))
        for key, given in self.service.items():
            if key.startswith("x-"):
                continue
            convert = keys.KEYS.get(key)
            self.apply(convert or keys.nothing("there is no such thing here"), given, key)
        for name, value in self.variables.items():
            self.add("env", text.value("%s=%s" % (name, value)))
        if not self.get("image"):
            self.left("no image; a [container] needs one")


class Project:
    def __init__(self, path, options):
        self.path_of_file, self.options = path, options
        self.file = read.load(path)
        self.here = os.path.dirname(os.path.abspath(path))
        self.env = read.environment(self.here, options.env_file)
        self.notes, self.todo, self.folders, self.networks = [], [], [], {}
        missing = set()
        try:
            self.file = read.expand_all(self.file, self.env, missing)
        except read.Problem as e:
            raise read.Problem("%s: %s" % (path, e)) from e
        for name in sorted(missing):
            self.left("${%s}" % name, None, "is not set; it is empty now")
        self.name = text.name(
            options.name or text.string(self.file.get("name")) or os.path.basename(self.here)
        )
        self.volumes = options.volumes
        self.base = options.files or "/var/lib/myctr/files/" + self.name
        self.check_services()

    def check_services(self):
        for name, service in self.file["services"].items():
            if not isinstance(service, read.Map):
                raise read.Problem(
                    "%s:%d: services.%s: expected a mapping"
                    % (self.path_of_file, self.file["services"].lines[name], name)
                )
            if isinstance(service.get("container_name"), (list, dict)):
                raise read.Problem(
                    "%s:%d: services.%s.container_name: expected a name"
                    % (self.path_of_file, service.lines["container_name"], name)
                )
            if "extends" in service:
                raise read.Problem(
                    "%s:%d: services.%s.extends: convert what `docker compose config` prints, in which it is resolved"
                    % (self.path_of_file, service.lines["extends"], name)
                )

    def left(self, what, line, why):
        self.notes.append(
            (
                line or 0,
                "%s%s: %s: %s" % (self.path_of_file, ":%d" % line if line else "", what, why),
            )
        )

    def container_of(self, service):
        """The container's name, None where there is no such service."""
        found = self.file["services"].get(service)
        if not isinstance(found, dict):
            return None
        return text.name(text.string(found.get("container_name") or service))

    def wanted(self, profiles):
        return "*" in self.options.profile or any(
            profile in self.options.profile for profile in profiles
        )

    def env_files(self, given):
        found = {}
        for entry in given if isinstance(given, list) else [given]:
            entry = entry if isinstance(entry, dict) else {"path": entry}
            path = os.path.join(self.here, text.string(entry.get("path")))
            found.update(read.env_file(path, entry.get("required", True)))
        return found

    def path(self, given):
        """Where a path of the file is on the device."""
        given = text.string(given)
        path = posixpath.normpath(
            given if given.startswith("/") else posixpath.join(self.base, given)
        )
        if not given.startswith("/"):
            self.todo.append("copy %s of this folder to %s" % (given, path))
        return path

    # ---- networks ----

    def subnets(self):
        """Those that nobody has written yet."""
        taken = [ipaddress.ip_network(found) for found in self.written()]
        for candidate in ipaddress.ip_network(self.options.subnets).subnets(new_prefix=24):
            if not any(candidate.version == t.version and candidate.overlaps(t) for t in taken):
                taken.append(candidate)
                yield str(candidate)

    def written(self):
        for described in (self.file.get("networks") or {}).values():
            for config in ((described or {}).get("ipam") or {}).get("config") or []:
                if config.get("subnet"):
                    yield config["subnet"]

    def network(self, name):
        """Its section, made when the first service names it; None where there is none to be made."""
        if name in self.networks:
            return self.networks[name]
        networks = self.file.get("networks") or {}
        if name != "default" and name not in networks:
            raise ValueError("%s: there is no such network here" % name)
        described = networks.get(name) or {}
        section = Section("network", text.name(text.string(described.get("name") or name)))
        self.networks[name] = section
        self.network_keys(section, name, described)
        return section

    def network_keys(self, section, name, described):
        line = (
            self.file["networks"].lines.get(name)
            if name in (self.file.get("networks") or {})
            else None
        )
        driver, options = described.get("driver", "bridge"), dict(
            described.get("driver_opts") or {}
        )
        if described.get("external"):
            self.left(
                "networks." + name,
                line,
                "is made elsewhere: give [network %s] its subnet, or bridge = of the one there is"
                % section.name,
            )
        if driver in ("macvlan", "ipvlan"):
            section.add("kind", driver)
            if "parent" in options:
                section.add("parent", text.string(options.pop("parent")))
        elif driver != "bridge":
            self.left("networks.%s.driver" % name, line, "%s: it is a bridge now" % driver)
        for key in options:
            self.left("networks.%s.driver_opts" % name, line, "%s: no such option" % key)
        for config in (described.get("ipam") or {}).get("config") or []:
            six = "6" if ":" in text.string(config.get("subnet")) else ""
            for key in ("subnet", "gateway"):
                if config.get(key):
                    section.add(key + six, text.string(config[key]))
        if not section.get("subnet"):
            section.add("subnet", next(self.free))
        if described.get("internal") in (True, "true"):
            section.add("internal", "yes")
        for key in described:
            if key not in SHARED and key not in ("external", "labels") and not key.startswith("x-"):
                self.left("networks.%s.%s" % (name, key), line, "there is no such thing here")

    def gateway(self, c):
        """The device's address as a container sees it."""
        for name, section in self.networks.items():
            if section.name == c.get("network"):
                return section.get("gateway") or str(
                    next(ipaddress.ip_network(section.get("subnet")).hosts())
                )
        return None

    def join(self, c, _given):
        """The networks of a service, and what hangs on them."""
        mode = text.string(c.service.get("network_mode"))
        if mode in ("host", "none"):
            c.add("network", mode)
        elif mode not in ("", "bridge", "default"):
            c.add("network", "none")
            c.left("%s: no container shares another's network" % mode)
        else:
            self.join_networks(c, c.service.get("networks") or ["default"])
        if c.name != c.service_name and not mode and text.name(c.service_name) == c.service_name:
            c.add("network-alias", c.service_name)

    def join_networks(self, c, given):
        for name in given:
            how = (given[name] if isinstance(given, dict) else None) or {}
            c.add("network", self.network(name).name)
            for key, value in how.items():
                if key == "aliases":
                    for alias in value:
                        c.add("network-alias", alias)
                elif key in ("ipv4_address", "ipv6_address"):
                    c.add("ip", text.string(value))
                elif key == "mac_address":
                    c.add("mac", "%s@%s" % (value, self.networks[name].name))
                else:
                    c.left("there is no such thing here", "networks.%s.%s" % (name, key))

    # ---- all of it ----

    def tasks(self, containers):
        """Those whose end others wait for run once."""
        for name in {value for c in containers for key, value in c.rows if key == "requires"}:
            for c in containers:
                if c.name != name:
                    continue
                c.set("task", "yes")
                if c.get("restart") in ("always", "unless-stopped"):
                    c.set("restart", "on-failure")

    def convert(self):
        """The sections, networks first."""
        self.free = self.subnets()
        containers = [
            Container(self, name, service) for name, service in self.file["services"].items()
        ]
        for c in containers:
            c.apply(self.join, None, "network_mode" if "network_mode" in c.service else "networks")
            c.convert()
        self.tasks(containers)
        for key in self.file:
            if key not in TOP and not key.startswith("x-"):
                why = (
                    "convert what `docker compose config` prints, in which it is resolved"
                    if key == "include"
                    else "there is no such thing here"
                )
                self.left(key, self.file.lines.get(key), why)
        return list(self.networks.values()) + containers
