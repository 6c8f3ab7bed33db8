# SPDX-License-Identifier: MIT
# myctr's build takes the numbers of system calls from libseccomp and compiles its default profile with them.
BBCLASSEXTEND:append = " native"
REQUIRED_DISTRO_FEATURES:class-native = ""
