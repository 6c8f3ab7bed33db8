#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Compare our Kconfig reader with kconfig-conf and kconfiglib on random inputs; prints TAP.

usage: compare.py CONF WORK [ROUNDS [SEED]]    CONF is our reader, WORK a folder to use

Each round makes a Kconfig tree and .config files from a seed, so a failure can be repeated. The project's
own Kconfig is compared the same way with random .config files.
"""
import os
import random
import re
import subprocess
import sys

import kconfiglib

CONF, WORK = sys.argv[1:3]
ROUNDS = int(sys.argv[3]) if len(sys.argv) > 3 else 60
SEED = int(sys.argv[4]) if len(sys.argv) > 4 else 1
TOP = os.getcwd()


class Failure(Exception):
    pass


class Tree:
    """A random Kconfig file: expressions only look back, selects only forward, so there is no loop."""

    def __init__(self, rng):
        self.rng = rng
        self.symbols = []  # (name, type, selectable)
        self.lines = ['mainmenu "random"']
        self.indent = 0
        self.count = rng.randint(5, 40)
        self.future = ["S%d" % i for i in range(self.count)]
        self.selects = {}
        self.body(0)
        # forward selects only work when the target became a plain bool
        types = {name: (type_, plain) for name, type_, plain in self.symbols}
        self.lines = [line for line in self.lines if self.select_ok(line, types)]

    @staticmethod
    def select_ok(line, types):
        match = re.match(r"\s*select (\w+)", line)
        return not match or types.get(match[1]) == ("bool", True)

    def put(self, text):
        self.lines.append("\t" * self.indent + text)

    def of_type(self, *types):
        return [name for name, type_, _ in self.symbols if type_ in types]

    def operand(self):
        rng = self.rng
        bools = self.of_type("bool")
        ints = self.of_type("int")
        strings = self.of_type("string")
        roll = rng.random()
        if roll < 0.12 and ints:
            other = rng.choice(ints) if rng.random() < 0.3 else str(rng.randint(0, 40))
            return "%s %s %s" % (rng.choice(ints), rng.choice(["=", "!=", "<", ">", "<=", ">="]), other)
        if roll < 0.2 and strings:
            return '%s %s "%s"' % (rng.choice(strings), rng.choice(["=", "!="]), rng.choice(["a", "b c"]))
        if roll < 0.28 and bools:
            return "%s %s %s" % (rng.choice(bools), rng.choice(["=", "!="]), rng.choice("yn"))
        if bools:
            return rng.choice(bools)
        return rng.choice(["y", "n", "y"])

    def expr(self, depth=2):
        rng = self.rng
        roll = rng.random()
        if depth == 0 or roll < 0.45:
            return self.operand()
        if roll < 0.6:
            return "!" + ("(%s)" % self.expr(depth - 1) if rng.random() < 0.5 else rng.choice(self.of_type("bool") or ["n"]))
        text = " %s " % rng.choice(["&&", "||"])
        text = text.join(self.expr(depth - 1) for _ in range(2))
        return "(%s)" % text if rng.random() < 0.5 else text

    def cond(self, chance):
        return " if " + self.expr() if self.rng.random() < chance else ""

    def value(self, type_):
        rng = self.rng
        same = self.of_type(type_)
        if type_ != "bool" and same and rng.random() < 0.2:
            return rng.choice(same)
        if type_ == "bool":
            return rng.choice(["y", "n", self.expr(1)])
        if type_ == "int":
            return str(rng.randint(-5, 60))
        if type_ == "hex":
            return hex(rng.randint(0, 90))
        return '"%s"' % rng.choice(["", "a", "b c", 'q\\"q', "back\\\\slash", "x#y", "$z", "it's"])

    def config(self, in_choice=False):
        rng = self.rng
        name = "S%d" % len(self.symbols)
        type_ = "bool" if in_choice else rng.choice(["bool"] * 5 + ["int", "int", "hex", "string"])
        self.put(("menuconfig " if rng.random() < 0.1 and not in_choice else "config ") + name)
        self.indent += 1
        if in_choice or rng.random() < 0.8:
            if rng.random() < 0.5:
                self.put('%s "prompt of %s"%s' % (type_, name, self.cond(0.15)))
            else:
                self.put(type_)
                self.put('prompt "prompt of %s"%s' % (name, self.cond(0.15)))
        elif type_ == "bool" and rng.random() < 0.5:
            self.put("def_bool %s%s" % (self.value("bool"), self.cond(0.3)))
        else:
            self.put(type_)
        if rng.random() < 0.35:
            self.put("depends on " + self.expr())
        if type_ in ("int", "hex"):
            if rng.random() < 0.5:
                low = rng.randint(0, 30)
                bounds = [low, low + rng.randint(0, 40)]
                self.put("range %s %s%s" % (*(map(str if type_ == "int" else hex, bounds)), self.cond(0.3)))
        for _ in range(rng.choice([0, 1, 1, 2])):
            if not in_choice:
                self.put("default %s%s" % (self.value(type_), self.cond(0.4)))
        if type_ in ("int", "hex"):
            self.put("default " + ("7" if type_ == "int" else "0x7"))
        if type_ == "bool" and not in_choice and rng.random() < 0.2:
            later = self.future[len(self.symbols) + 1:]
            if later:
                self.put("select %s%s" % (rng.choice(later), self.cond(0.3)))
        if rng.random() < 0.3:
            self.put("help")
            self.put("  Words that explain " + name + ".")
            self.put("")
            self.put("  config is not a statement here.")
        self.indent -= 1
        self.lines.append("")
        return name, type_, not in_choice

    def choice(self, room):
        rng = self.rng
        self.put("choice")
        self.indent += 1
        self.put('prompt "a choice"%s' % self.cond(0.1))
        if rng.random() < 0.3:
            self.put("depends on " + self.expr())
        at = len(self.lines)
        size = rng.randint(1, min(4, room))
        begin = len(self.symbols)
        members = []
        # conditions of members must not look at members: they join the list at the end
        for _ in range(size):
            name = "S%d" % (begin + len(members))
            kept = self.symbols
            self.symbols = kept + [("HOLE", "hole", False)] * len(members)
            made = self.config(in_choice=True)
            self.symbols = kept
            assert made[0] == name
            members.append(made)
        if rng.random() < 0.5:
            self.lines.insert(at, "\t" * self.indent + "default " + rng.choice(members)[0] + self.cond(0.3))
        self.indent -= 1
        self.put("endchoice")
        self.symbols += members

    def body(self, depth):
        rng = self.rng
        for _ in range(rng.randint(2, 12) if depth else 1000):
            room = self.count - len(self.symbols)
            if room <= 0:
                return
            roll = rng.random()
            if roll < 0.07 and depth < 3:
                self.put('menu "menu %d"' % len(self.lines))
                if rng.random() < 0.15:
                    self.put("\tvisible if " + self.expr())
                if rng.random() < 0.4:
                    self.put("\tdepends on " + self.expr())
                self.body(depth + 1)
                self.put("endmenu")
            elif roll < 0.14 and depth < 3:
                self.put("if " + self.expr())
                self.body(depth + 1)
                self.put("endif")
            elif roll < 0.18:
                self.put('comment "a comment"')
                self.put("\tdepends on " + self.expr())
            elif roll < 0.28:
                self.choice(room)
            else:
                self.symbols.append(self.config())

    def text(self):
        return "\n".join(self.lines) + "\n"


def random_config(rng, symbols):
    lines = []
    for name, type_ in symbols:
        if rng.random() < 0.4:
            continue
        if type_ == "bool":
            lines.append("CONFIG_%s=y" % name if rng.random() < 0.5 else "# CONFIG_%s is not set" % name)
        elif type_ == "int":
            lines.append("CONFIG_%s=%d" % (name, rng.randint(-5, 70)))
        elif type_ == "hex":
            lines.append("CONFIG_%s=%s" % (name, hex(rng.randint(0, 100))))
        else:
            lines.append('CONFIG_%s="%s"' % (name, rng.choice(["", "a", "b c", 'q\\"q', "s\\\\t", "u#v"])))
    if rng.random() < 0.3:
        rng.shuffle(lines)
    return "\n".join(lines) + "\n"


def write(path, text):
    with open(path, "w") as out:
        out.write(text)


def values(path):
    """The lines of a .config that mean something."""
    with open(path) as lines:
        return [line.rstrip("\n") for line in lines if line.startswith("CONFIG_") or line.endswith("is not set\n")]


def assigned(path):
    return [line for line in values(path) if not line.startswith("#")]


def run(program, mode, kconfig, config, stdin=""):
    env = dict(os.environ, KCONFIG_CONFIG=config, CONFIG_="CONFIG_")
    return subprocess.run([program, *mode, kconfig], env=env, input=stdin, text=True, capture_output=True, timeout=20)


def by_kconfig_conf(mode, kconfig, config):
    done = run("kconfig-conf", [mode], kconfig, config)
    if done.returncode:
        raise Failure("kconfig-conf %s: %s" % (mode, done.stdout + done.stderr))


def by_kconfiglib(kconfig, config, result, minimal=None):
    tree = kconfiglib.Kconfig(kconfig, warn=False)
    if config:
        tree.load_config(config)
    tree.write_config(result, save_old=False)
    if minimal:
        tree.write_min_config(minimal)


def same(what, ours, theirs, others):
    if ours != theirs:
        raise Failure("%s: ours and %s differ: only ours %s, only theirs %s" % (
            what, others, sorted(set(ours) - set(theirs)), sorted(set(theirs) - set(ours))))


def check_out_of_range(kconfig, config, error, work):
    """We refused a number: the others must have replaced exactly those we name."""
    theirs = work + "/.config.refused"
    write(theirs, open(config).read())
    by_kconfig_conf("--olddefconfig", kconfig, theirs)
    kept = set(values(theirs))
    for line in error.strip().splitlines():
        match = re.match(r".*:\d+: (CONFIG_\w+=\S+): out of range", line)
        if not match:
            raise Failure("olddefconfig refused a good file: " + line)
        if match[1] in kept:
            raise Failure("refused %s, which kconfig-conf accepts" % match[1])


def compare(kconfig, config_text, work):
    """olddefconfig, savedefconfig, oldconfig and listnewconfig on one .config."""
    given, ours, theirs, third = (work + "/" + n for n in ("given", ".config.ours", ".config.conf", ".config.lib"))
    for path in (given, ours, theirs):
        write(path, config_text)
    done = run(CONF, ["--olddefconfig"], kconfig, ours)
    if done.returncode:
        check_out_of_range(kconfig, given, done.stderr, work)
        return "refused"
    by_kconfig_conf("--olddefconfig", kconfig, theirs)
    by_kconfiglib(kconfig, given, third, work + "/min.lib")
    same("olddefconfig", values(ours), values(theirs), "kconfig-conf")
    # kconfiglib leaves out the "is not set" line of an invisible symbol that defaults to n
    same("olddefconfig", assigned(ours), assigned(third), "kconfiglib")

    run(CONF, ["--savedefconfig=" + work + "/min.ours"], kconfig, ours)
    by_kconfig_conf("--savedefconfig=" + work + "/min.conf", kconfig, theirs)
    same("savedefconfig", values(work + "/min.ours"), values(work + "/min.conf"), "kconfig-conf")
    again = work + "/.config.again"
    done = run(CONF, ["--defconfig=" + work + "/min.ours"], kconfig, again)
    if done.returncode or done.stderr:
        raise Failure("defconfig of savedefconfig: " + done.stderr)
    same("savedefconfig and back", values(again), values(ours), "itself")

    asked = work + "/.config.asked"
    write(asked, config_text)
    done = run(CONF, ["--oldconfig"], kconfig, asked, "\n" * 400)
    if done.returncode:
        raise Failure("oldconfig: " + done.stderr)
    same("oldconfig", values(asked), values(ours), "olddefconfig")
    done = run(CONF, ["--listnewconfig"], kconfig, ours)
    # a number that has no value at all stays new
    if done.returncode or any(line and not line.endswith("=") for line in done.stdout.splitlines()):
        raise Failure("listnewconfig after olddefconfig: " + done.stdout + done.stderr)
    return "same"


def compare_modes(kconfig, work):
    ours, theirs = work + "/.config.ours", work + "/.config.conf"
    for mode in ("--alldefconfig", "--allnoconfig", "--allyesconfig"):
        for path in (ours, theirs):
            if os.path.exists(path):
                os.unlink(path)
        done = run(CONF, [mode], kconfig, ours)
        if done.returncode:
            raise Failure(mode + ": " + done.stderr)
        by_kconfig_conf(mode, kconfig, theirs)
        same(mode, values(ours), values(theirs), "kconfig-conf")
    for seed in range(3):
        os.environ["KCONFIG_SEED"] = str(seed + 1)
        done = run(CONF, ["--randconfig"], kconfig, ours)
        if done.returncode:
            raise Failure("randconfig: " + done.stderr)
        if compare(kconfig, open(ours).read(), work) != "same":
            raise Failure("randconfig made a value out of range")


def main():
    os.makedirs(WORK, exist_ok=True)
    tree = kconfiglib.Kconfig("Kconfig", warn=False)
    names = {kconfiglib.BOOL: "bool", kconfiglib.INT: "int", kconfiglib.HEX: "hex", kconfiglib.STRING: "string"}
    own = [(s.name, names[s.orig_type]) for s in tree.unique_defined_syms]
    tests = [("random Kconfig %d" % (SEED + i), SEED + i, None) for i in range(ROUNDS)]
    tests.append(("the project's Kconfig", SEED, own))
    bad = 0
    for number, (name, seed, symbols) in enumerate(tests, 1):
        rng = random.Random(seed)
        kconfig = "Kconfig"
        if symbols is None:
            made = Tree(rng)
            kconfig = WORK + "/Kconfig"
            write(kconfig, made.text())
            symbols = [(n, t) for n, t, _ in made.symbols]
        try:
            compare_modes(kconfig, WORK)
            for _ in range(8):
                compare(kconfig, random_config(rng, symbols), WORK)
            print("ok %d - %s" % (number, name), flush=True)
        except (Failure, subprocess.TimeoutExpired, kconfiglib.KconfigError) as failure:
            bad += 1
            print("not ok %d - %s: %s" % (number, name, failure), flush=True)
            if os.environ.get("STOP"):
                break
    print("1..%d" % len(tests))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
