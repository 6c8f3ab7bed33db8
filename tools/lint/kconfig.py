#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Every Kconfig symbol with a prompt has help that states its cost and the kernel options it needs,
and every symbol is used somewhere. usage: kconfig.py Kconfig"""
import re
import subprocess
import sys

import kconfiglib

bad = 0


def complain(node, text):
    global bad
    bad = 1
    print("%s:%d: %s %s" % (node.filename, node.linenr, node.item.name, text))


tree = kconfiglib.Kconfig(sys.argv[1], warn=False)
used = set(re.findall(r"CONFIG_(\w+)", subprocess.run(
    ["git", "grep", "-hIwoE", "--untracked", r"CONFIG_\w+", "--", "core", "drivers", "init", "tools/*.mk", "tests/*.sh"],
    capture_output=True, text=True, check=False).stdout))
for symbol in tree.unique_defined_syms:
    for node in symbol.nodes:
        if not node.prompt:
            continue
        help_text = node.help or ""
        if not help_text:
            complain(node, "has no help text")
        else:
            if not re.search(r"\b[Cc]osts?\b", help_text):
                complain(node, "does not say what it costs (\"Costs about N KiB.\")")
            if "Kernel:" not in help_text:
                complain(node, "does not name its kernel options (\"Kernel: X, Y.\" or \"Kernel: none.\")")
    selected_or_default = any(symbol in kconfiglib.expr_items(s.direct_dep) for s in tree.unique_defined_syms)
    if symbol.name not in used and not selected_or_default and not symbol.selects:
        complain(symbol.nodes[0], "is used nowhere")
sys.exit(bad)
