# SPDX-License-Identifier: MIT
# What a kernel must have to run containers. Only in builds whose init is myctr: a layer must not change others'.
FILESEXTRAPATHS:prepend := "${THISDIR}/files:"
SRC_URI:append = "${@' file://myctr.cfg' if d.getVar('INIT_MANAGER') == 'myctr' or bb.utils.to_boolean(d.getVar('MYCTR_KERNEL')) else ''}"
