# SPDX-License-Identifier: MIT
"""One function for each key of a service whose meaning is more than a word: each takes the container that is
being made and the value from the file, adds rows, and leaves out, with a reason, what has no counterpart.
A ValueError leaves the whole key out. The table KEYS at the end is the list of what is understood."""
import posixpath

import mounts
import text

LOGGED = ("json-file", "local")


def plain(key, convert=text.string):
    """A key of compose that is one key of ours."""
    return lambda c, given: c.add(key, text.value(convert(given)))


def listed(key, convert=text.strings):
    """The same, repeated."""

    def each(c, given):
        for item in convert(given):
            c.add(key, text.value(item))

    return each


def flag(key, when=True):
    """Written only where it differs from what a container is anyway."""

    def write(c, given):
        if text.boolean(given) == when:
            c.add(key, "yes" if when else "no")

    return write


def ignored(_c, _given):
    """Changes nothing on a device."""


def nothing(why):
    def leave(c, given):
        if given not in (None, False, [], {}):
            c.left(why)

    return leave


# ---- what runs ------------------------------------------------------------------------------------


def image(c, given):
    name, _, digest = text.string(given).partition("@")
    if digest:
        c.left(
            "the digest is that of a registry; image-id = SHA256 names the content of a loaded image"
        )
    c.add("image", text.value(name))


def build(c, given):
    folder = (
        given
        if isinstance(given, str)
        else text.string(given.get("context", ".") if given else ".")
    )
    name = c.service.get("image") or text.name(c.service_name)
    if "image" not in c.service:
        c.add("image", text.value(name))
    c.todo("make the image: myctr build -t %s %s" % (name, folder))
    for key in given if isinstance(given, dict) else ():
        if key not in ("context", "tags"):
            c.left("give it to myctr build", key)


def command(c, given):
    found = text.words(given)
    if found:
        c.add("command", " ".join(text.word(w) for w in found))


def entrypoint(c, given):
    found = text.words(given)
    if not found:
        return c.left("an entrypoint that is empty: write the whole command")
    return c.add("entrypoint", " ".join(text.word(w) for w in found))


def environment(c, given):
    for name, value in text.pairs(given):
        if value is None and name not in c.env:
            c.left("%s has no value here, nor in the environment" % name)
            continue
        c.variables[name] = c.env[name] if value is None else value


def labels(c, given):
    for name, value in text.pairs(given):
        c.add("label", text.value("%s=%s" % (name, value or "")))


def user(c, given):
    c.add("user", text.value(text.string(given)))


def hostname(c, given):
    c.add("hostname", text.value(text.string(given)))


# ---- rights ---------------------------------------------------------------------------------------


def security_opt(c, given):
    for option in text.strings(given):
        name, _, value = option.replace("=", ":", 1).partition(":")
        if name == "no-new-privileges":
            if value == "false":
                c.add("no-new-privs", "no")
        elif name == "seccomp" and value == "unconfined":
            c.add("seccomp", value)
        elif name == "seccomp":
            c.add("seccomp", text.value(c.path(value)))
        else:
            c.left("%s: there is no such protection to set" % option)


def namespace(key):
    def write(c, given):
        if given == "host":
            c.add(key, "host")
        elif given not in ("private", "shareable", "", None):
            c.left("%s: only host and private are known" % given)

    return write


def userns(c, given):
    if given != "host":
        c.left("%s: only host is known; myctr has userns = yes, auto, keep-id or a map" % given)


def capability(name):
    name = name.lower().removeprefix("cap_")
    return "ALL" if name == "all" else name


def capabilities(key):
    return listed(key, lambda given: [capability(name) for name in text.strings(given)])


def ulimits(c, given):
    for name, limit in given.items():
        both = (
            [limit.get("soft"), limit.get("hard", limit.get("soft"))]
            if isinstance(limit, dict)
            else [limit]
        )
        both = ["unlimited" if item == -1 else text.string(item) for item in both]
        c.add("rlimit", "%s=%s" % (name, ":".join(dict.fromkeys(both))))


def sysctls(c, given):
    for name, value in text.pairs(given):
        c.add("sysctl", text.value("%s=%s" % (name, value or "")))


def read_only(c, given):
    if text.boolean(given):
        c.add("storage", "read-only")


# ---- limits ---------------------------------------------------------------------------------------


def sized(key):
    return plain(key, lambda given: text.size_text(text.size(given)))


def swap(c, given):
    memory = c.service.get("mem_limit")
    if str(given) == "-1":
        c.add("memory-swap", "max")
    elif memory is None:
        c.left("without mem_limit it means nothing")
    else:
        c.add("memory-swap", text.size_text(max(text.size(given) - text.size(memory), 0)))


def shares(c, given):
    c.add("cpu-weight", str(min(max(round(int(given) * 100 / 1024), 1), 10000)))


def pids(c, given):
    if int(given) > 0:
        c.add("pids", str(int(given)))


def deploy(c, given):
    resources = given.get("resources") or {}
    for group, keys in (
        ("limits", {"cpus": plain("cpu", text.cpus), "memory": sized("memory"), "pids": pids}),
        ("reservations", {"memory": sized("memory-low")}),
    ):
        for key, value in (resources.get(group) or {}).items():
            c.apply(
                keys.get(key) or nothing("nothing reserves it"),
                value,
                "resources.%s.%s" % (group, key),
            )
    if "restart_policy" in given:
        c.apply(restart_policy, given["restart_policy"] or {}, "restart_policy")
    for key, value in given.items():
        if key == "replicas" and value not in (0, 1):
            c.left("one container each; repeat the section under other names", key)
        elif key not in ("resources", "restart_policy", "replicas", "mode"):
            c.left("is for a cluster", key)


# ---- life -----------------------------------------------------------------------------------------


def restart(c, given):
    policy, _, limit = ("no" if given is False else text.string(given)).partition(":")
    if policy not in ("no", "always", "on-failure", "unless-stopped"):
        raise ValueError("%s: not a restart policy" % policy)
    if policy != "no":
        c.set("restart", policy)
    if limit:
        c.set("restart-limit", str(int(limit)))


def restart_policy(c, given):
    words = {"none": "no", "on-failure": "on-failure", "any": "always"}
    restart(c, words.get(given.get("condition", "any"), "no"))
    for key, ours in (("delay", "restart-delay"), ("window", "restart-reset")):
        if key in given:
            c.set(ours, text.duration_text(text.duration(given[key])))
    if "max_attempts" in given:
        c.set("restart-limit", str(int(given["max_attempts"])))
    if text.duration(given.get("delay", "0s")) > 60000:
        c.set("restart-delay-max", c.get("restart-delay"))


def stop_signal(c, given):
    c.add("stop-signal", text.string(given).removeprefix("SIG"))


def depends_on(c, given):
    for name in given:
        how = given[name] or {} if isinstance(given, dict) else {}
        target = c.project.container_of(name)
        if not target:
            c.left("%s: there is no such service here" % name)
        elif how.get("condition") == "service_healthy":
            c.add("after", "%s healthy" % target)
        elif how.get("condition") == "service_completed_successfully":
            c.add("requires", target)
        else:
            c.add("after", target)
        if how.get("restart"):
            c.left("%s: it is not restarted together with it" % name, "restart")


HEALTH_TIMES = {"interval": "every", "timeout": "timeout", "start_period": "start-period"}


def healthcheck(c, given):
    test = given.get("test")
    if given.get("disable") is True or test in ("NONE", ["NONE"]):
        return c.add("health", "none")
    when = []
    for key, ours in HEALTH_TIMES.items():
        if key in given:
            when.append("%s %s" % (ours, text.duration_text(text.duration(given[key]))))
    if "retries" in given:
        when.append("retries %d" % int(given["retries"]))
    for key in given:
        if key not in HEALTH_TIMES and key not in ("test", "retries", "disable"):
            c.left("until it has been healthy once it is looked at each second anyway", key)
    if not test:
        return c.left("only the image knows what is run; write the key health with its command")
    if isinstance(test, str):
        test = ["CMD-SHELL", test]
    run = test[1:] if test[0] == "CMD" else ["/bin/sh", "-c", " ".join(test[1:])]
    return c.add("health", " ".join(when + ["exec"] + [text.word(text.string(w)) for w in run]))


def profiles(c, given):
    if not c.project.wanted(text.strings(given)):
        c.add("autostart", "no")
        c.left("it does not start by itself; myctr start %s does it" % c.name)


# ---- logs -----------------------------------------------------------------------------------------


def log_server(address):
    protocol, there, rest = address.partition("://")
    if not there or protocol not in ("udp", "tcp"):
        raise ValueError("%s: expected udp://ADDRESS:PORT or tcp://" % address)
    return "%s:%s" % (protocol, rest)


def logging(c, given):
    driver, options = given.get("driver", "json-file"), dict(given.get("options") or {})
    if driver == "none":
        c.add("log", "none")
    elif driver == "syslog":
        c.add("log-also", "syslog")
        if "syslog-address" in options:
            c.add("log-server", log_server(text.string(options.pop("syslog-address"))))
    elif driver in LOGGED:
        if "max-size" in options:
            c.add("log", "file")
            c.add("log-size", text.size_text(max(text.size(options.pop("max-size")), 4096)))
        if "max-file" in options:
            c.add("log-files", str(max(int(options.pop("max-file")) - 1, 0)))
    else:
        c.left("%s: no such driver; logs stay in memory unless log = file" % driver)
        return
    for key in options:
        c.left("no such option", "options.%s" % key)


# ---- names, and what hangs on the network ----------------------------------------------------------


def links(c, given):
    for link in text.strings(given):
        name, _, alias = link.partition(":")
        target = c.project.container_of(name)
        if not target:
            c.left("%s: there is no such service here" % name)
            continue
        c.add("after", target)
        if alias and alias != target:
            c.left(
                "add network-alias = %s to [container %s]; all on its network see it"
                % (alias, target)
            )


def extra_hosts(c, given):
    if not isinstance(given, dict):
        given = dict(item.replace("=", ":", 1).split(":", 1) for item in text.strings(given))
    for name, address in text.pairs(given):
        if address == "host-gateway":
            address = c.project.gateway(c)
        if not address:
            c.left("%s: there is no gateway whose address is known" % name)
            continue
        c.add("add-host", "%s:%s" % (name, address.strip("[]")))


def expose(c, given):
    for port in text.strings(given):
        c.add("expose", port)


KEYS = {
    "annotations": nothing("is for other runtimes"),
    "attach": ignored,
    "build": build,
    "blkio_config": nothing("see io-weight and io-max"),
    "cap_add": capabilities("cap-add"),
    "cap_drop": capabilities("cap-drop"),
    "cgroup": namespace("cgroupns"),
    "cgroup_parent": nothing("the manifest's containers have one place"),
    "command": command,
    "configs": mounts.configs,
    "container_name": ignored,
    "cpu_shares": shares,
    "cpus": plain("cpu", text.cpus),
    "cpuset": plain("cpuset"),
    "depends_on": depends_on,
    "deploy": deploy,
    "devices": mounts.devices,
    "dns": listed("dns"),
    "dns_opt": listed("dns-option"),
    "dns_search": listed("dns-search"),
    "entrypoint": entrypoint,
    "env_file": ignored,
    "environment": environment,
    "expose": expose,
    "external_links": nothing("see network-alias"),
    "extra_hosts": extra_hosts,
    "group_add": listed("group"),
    "healthcheck": healthcheck,
    "hostname": hostname,
    "image": image,
    "init": nothing("its program is PID 1 of the container and waits for its own children"),
    "ipc": namespace("ipc"),
    "labels": labels,
    "links": links,
    "logging": logging,
    "mac_address": plain("mac"),
    "mem_limit": sized("memory"),
    "mem_reservation": sized("memory-low"),
    "memswap_limit": swap,
    "network_mode": ignored,
    "networks": ignored,
    "oom_score_adj": plain("oom-score-adj"),
    "pid": namespace("pid"),
    "pids_limit": pids,
    "platform": nothing(
        "an image is loaded for the device it is loaded on; see image load --platform"
    ),
    "ports": mounts.ports,
    "privileged": flag("privileged"),
    "profiles": profiles,
    "pull_policy": nothing("nothing is fetched: myctr image load"),
    "read_only": read_only,
    "restart": restart,
    "secrets": mounts.secrets,
    "security_opt": security_opt,
    "shm_size": sized("shm-size"),
    "stdin_open": nothing("nobody types there; myctr exec -it does"),
    "stop_grace_period": plain(
        "stop-timeout", lambda given: text.duration_text(text.duration(given))
    ),
    "stop_signal": stop_signal,
    "sysctls": sysctls,
    "tmpfs": mounts.tmpfs,
    "tty": flag("tty"),
    "ulimits": ulimits,
    "user": user,
    "userns_mode": userns,
    "uts": namespace("uts"),
    "volumes": mounts.volumes,
    "working_dir": plain("workdir", lambda given: posixpath.join("/", text.string(given))),
}
