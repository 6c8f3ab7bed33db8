# SPDX-License-Identifier: MIT
SUMMARY = "An example container of a root that is built here"
LICENSE = "MIT"

inherit myctr-container

MYCTR_ROOTFS = "myctr-hello-rootfs"
MYCTR_KEYS = "\
    command = /bin/busybox httpd -f -p 8080 -h /etc\n\
    network = host\n\
    storage = read-only\n\
    user    = 65534\n\
    memory  = 16M\n\
    pids    = 8\n\
    restart = always\n\
"
