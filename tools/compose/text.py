# SPDX-License-Identifier: MIT
"""Texts from one world to the other: sizes, times, words, paths. Each raises ValueError with what was expected."""
import re

PLAIN = re.compile(r"[A-Za-z0-9_@%+=:,./*-]+")
SIZES = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
TIMES = {
    "us": 0.001,
    "µs": 0.001,
    "ns": 0.000001,
    "ms": 1,
    "s": 1000,
    "m": 60000,
    "h": 3600000,
    "d": 86400000,
}
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")


def word(text):
    """As the manifest reads it back as one word."""
    if PLAIN.fullmatch(text):
        return text
    if "'" not in text and text.isprintable():
        return "'%s'" % text
    escaped = (
        text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\t", "\\t")
    )
    return "$'%s'" % re.sub(r"[\x00-\x1f\x7f]", lambda m: "\\x%02x" % ord(m[0]), escaped)


def value(text):
    """As the manifest reads it back as one value, in which blanks may stand."""
    if text == text.strip() and (text == "" or PLAIN.fullmatch(text.replace(" ", "_"))):
        return text
    return word(text)


def size(given):
    """Bytes of 512m, 1gb, 64 KiB, 1024."""
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*([bkmgt]?)(?:i?b)?", str(given).strip().lower())
    if not match:
        raise ValueError("'%s' is not a size" % given)
    return int(float(match[1]) * SIZES[match[2]])


def size_text(n):
    for unit, letter in ((1 << 30, "G"), (1 << 20, "M"), (1 << 10, "K")):
        if n and n % unit == 0:
            return "%d%s" % (n // unit, letter)
    return str(n)


def duration(given):
    """Milliseconds of 1m30s, 500ms, 1.5s."""
    text = str(given).strip()
    parts = re.findall(r"([0-9]+(?:\.[0-9]+)?)(us|µs|ns|ms|s|m|h|d)", text)
    if not parts or "".join(a + b for a, b in parts) != text:
        raise ValueError("'%s' is not a time like 1m30s" % given)
    return round(sum(float(n) * TIMES[unit] for n, unit in parts))


def duration_text(ms):
    for unit, letter in ((3600000, "h"), (60000, "m"), (1000, "s")):
        if ms and ms % unit == 0:
            return "%d%s" % (ms // unit, letter)
    return "%dms" % ms


def cpus(given):
    """Processors, in the thousandths that the manifest knows."""
    n = float(given)
    if not 0.001 <= n <= 4096:
        raise ValueError("'%s' is not a number of processors" % given)
    return ("%.3f" % n).rstrip("0").rstrip(".")


def boolean(given):
    if isinstance(given, bool):
        return given
    if str(given).lower() in ("true", "yes", "on", "1"):
        return True
    if str(given).lower() in ("false", "no", "off", "0"):
        return False
    raise ValueError("'%s' is neither true nor false" % given)


def string(given):
    """A scalar as it was written, or nearly."""
    if given is None:
        return ""
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, (dict, list)):
        raise ValueError("expected one value")
    return str(given)


def strings(given):
    """One value or a list of them."""
    if isinstance(given, dict):
        raise ValueError("expected a list")
    return [string(item) for item in (given if isinstance(given, list) else [given])]


def pairs(given, separator="="):
    """A mapping, or a list of NAME=VALUE; VALUE is None where there is none."""
    if isinstance(given, dict):
        return [(key, None if item is None else string(item)) for key, item in given.items()]
    found = []
    for item in strings(given):
        name, there, rest = item.partition(separator)
        found.append((name, rest if there else None))
    return found


def shell_words(text):
    """Splits a command as compose does: quotes and backslashes, no variable, no comment."""
    import shlex

    try:
        return shlex.split(text, comments=False)
    except ValueError as e:
        raise ValueError("'%s': a quote is not closed" % text) from e


def words(given):
    """A command: a list, or a text that is split."""
    return (
        [string(item) for item in given] if isinstance(given, list) else shell_words(string(given))
    )


def name(text):
    """A name the manifest takes; another one is made to fit."""
    fits = re.sub(r"[^A-Za-z0-9_.-]", "-", text).lstrip("-_.")[:63] or "x"
    return fits.replace("..", "-.")
