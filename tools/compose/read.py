# SPDX-License-Identifier: MIT
"""Reads a compose file: YAML 1.2 as compose reads it, ${VARIABLES}, env files. Every mapping remembers the
line of each key, so that what is said of one can name its place. Knows nothing of manifests."""
import os
import re

import yaml


class Problem(Exception):
    """What a person has to mend: a sentence with the place."""


class Map(dict):
    """A mapping of the file; lines[key] is where the key stands."""

    def __init__(self):
        super().__init__()
        self.lines = {}


class Loader(yaml.SafeLoader):
    """PyYAML reads YAML 1.1, where 22:22 is a number of base 60 and no is false. Compose does not."""


Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", "-+0123456789"),
    ("float", r"[-+]?(?:0|[1-9][0-9]*)\.[0-9]+", "-+0123456789"),
    ("merge", r"<<", "<"),
):
    Loader.add_implicit_resolver(
        "tag:yaml.org,2002:" + _tag, re.compile("(?:%s)$" % _pattern), list(_first)
    )


def construct_map(loader, node):
    # Own keys win over merged ones; the same key twice in one mapping is a mistake.
    seen = set()
    for key, _ in node.value:
        if key.tag.endswith(":merge"):
            continue
        if key.value in seen:
            raise yaml.constructor.ConstructorError(
                None, None, "%s stands here twice" % key.value, key.start_mark
            )
        seen.add(key.value)
    loader.flatten_mapping(node)
    found = Map()
    yield found
    for key, value in node.value:
        name = str(loader.construct_object(key, deep=True))
        found[name] = loader.construct_object(value, deep=True)
        found.lines[name] = key.start_mark.line + 1


Loader.add_constructor("tag:yaml.org,2002:map", construct_map)


def load(path):
    """The file as Map, list, str, int, float, bool and None."""
    try:
        with open(path, encoding="utf-8") as file:
            found = yaml.load(file, Loader)
    except OSError as e:
        raise Problem("%s: %s" % (path, e.strerror)) from e
    except UnicodeDecodeError as e:
        raise Problem("%s: is not text in UTF-8" % path) from e
    except yaml.MarkedYAMLError as e:
        mark = e.problem_mark
        place = ":%d:%d" % (mark.line + 1, mark.column + 1) if mark else ""
        raise Problem("%s%s: %s" % (path, place, e.problem)) from e
    except (yaml.YAMLError, RecursionError) as e:
        raise Problem("%s: %s" % (path, e)) from e
    if isinstance(found, Map) and "include" in found and "services" not in found:
        raise Problem(
            "%s: include: convert what `docker compose config` prints, in which it is resolved"
            % path
        )
    if not isinstance(found, Map) or not isinstance(found.get("services"), Map):
        raise Problem("%s: no mapping 'services'; is it a compose file?" % path)
    return found


VARIABLE = re.compile(
    r"\$(?:(?P<escaped>\$)|(?P<plain>[A-Za-z_][A-Za-z0-9_]*)"
    r"|\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?:(?P<op>:?[-?+])(?P<arg>(?:[^{}]|\$\{[^{}]*\})*))?\}|(?P<bad>\{))"
)


def expand(text, env, missing):
    """${A}, ${A:-default}, ${A:?message}, ${A:+other}, $$; names that are not set are added to missing. Another $ is itself."""

    def value(match):
        if match["escaped"]:
            return "$"
        if match["bad"] is not None:
            raise Problem(
                "'%s': what begins with ${ is not a variable; write $$ for a plain $" % text
            )
        name, op, arg = match["plain"] or match["name"], match["op"] or "", match["arg"] or ""
        there = name in env and (env[name] != "" or not op.startswith(":"))
        if op.endswith("+"):
            return expand(arg, env, missing) if there else ""
        if there:
            return env[name]
        if op.endswith("-"):
            return expand(arg, env, missing)
        if op.endswith("?"):
            raise Problem("the variable %s is not set: %s" % (name, arg or "it is required"))
        missing.add(name)
        return ""

    return VARIABLE.sub(value, text)


def expand_all(node, env, missing):
    """The same for every text below node. What it returns is new: an anchor's node is in several places."""
    if isinstance(node, str):
        return expand(node, env, missing) if "$" in node else node
    if isinstance(node, list):
        return [expand_all(item, env, missing) for item in node]
    if not isinstance(node, Map):
        return node
    found = Map()
    found.lines = node.lines
    for key, item in node.items():
        found[key] = expand_all(item, env, missing)
    return found


ENV_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_.]*)\s*=\s*(.*)")


def env_value(text):
    """Of a line of an env file: quotes go, an unquoted value ends at a comment."""
    text = text.strip()
    if text[:1] == "'" and text.find("'", 1) > 0:
        return text[1 : text.find("'", 1)]
    match = re.match(r'"((?:[^"\\]|\\.)*)"', text)
    if match:
        return re.sub(
            r"\\(.)", lambda m: {"n": "\n", "t": "\t", "r": "\r"}.get(m[1], m[1]), match[1]
        )
    return re.split(r"(?:^|\s)#", text)[0].rstrip()


def env_file(path, required=True):
    """The variables of an env file."""
    found = {}
    try:
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
    except FileNotFoundError as e:
        if not required:
            return found
        raise Problem("%s: %s" % (path, e.strerror)) from e
    except OSError as e:
        raise Problem("%s: %s" % (path, e.strerror)) from e
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = ENV_LINE.fullmatch(line.strip())
        if not match:
            raise Problem("%s:%d: expected NAME=VALUE" % (path, number))
        found[match[1]] = env_value(match[2])
    return found


def environment(folder, files):
    """What ${...} sees: .env beside the file, or the files named instead; then this process's own variables."""
    found = {}
    for path in files or [os.path.join(folder, ".env")]:
        found.update(env_file(path, required=bool(files)))
    found.update(os.environ)
    return found
