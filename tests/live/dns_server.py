#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A name server that behaves as the first label of the question says. usage: dns_server.py ADDRESS LOG

late: after 1.5 s.  silent: never.  wrongid, wrongq: a wrong answer first, then the right one.  spoof: only
wrong ones.  big: cut over UDP, 200 records over TCP.  servfail, refused, nx: that.  edns: says the size asked
for.  Anything else: 192.0.2.X, X being the last byte of ADDRESS. The log gets one line for each query."""
import socket
import struct
import sys
import threading
import time

address, log = sys.argv[1], open(sys.argv[2], "a", buffering=1)
family = socket.AF_INET6 if ":" in address else socket.AF_INET
mark = int(address.rsplit(":" if ":" in address else ".", 1)[1] or "0")


def answer(query, tcp):
    """The bytes to send, each with the seconds to wait before it."""
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode("latin1"))
        at += query[at] + 1
    kind = struct.unpack(">H", query[at + 1:at + 3])[0]
    question = query[12:at + 5]
    udp = 512
    if len(query) > at + 15:
        udp = struct.unpack(">H", query[at + 8:at + 10])[0]
    log.write("%s %s %d %s\n" % ("tcp" if tcp else "udp", ".".join(labels), kind, query[:2].hex()))
    what = labels[0].lower() if labels else ""

    def reply(records, rcode=0, flags=0, ident=query[:2], text=question):
        head = ident + struct.pack(">HHHHH", 0x8180 | flags | rcode, 1, len(records), 0, 0)
        return head + text + b"".join(records)

    def record(*last):
        return b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + bytes(last)

    def txt(text):
        return b"\xc0\x0c\0\x10\0\1\0\0\0\x3c" + struct.pack(">HB", len(text) + 1, len(text)) + text

    right = reply([record(192, 0, 2, mark)])
    wrong = {"wrongid": reply([record(6, 6, 6, 6)], ident=bytes([query[0] ^ 1, query[1]])),
             "wrongq": reply([record(6, 6, 6, 6)], text=b"\3bad" + question[4:]),
             "wrongtype": reply([record(6, 6, 6, 6)], text=question[:-3] + b"\x1c\0\1")}
    if what in wrong:
        return [(0, wrong[what]), (0.1, right)]
    if what == "spoof":
        return [(0, w) for w in wrong.values()]
    if what == "late":
        return [(1.5, right)]
    if what == "silent":
        return []
    if what == "big":
        return [(0, reply([record(198, 51, 100, i) for i in range(200)]) if tcp else reply([], flags=0x200))]
    if what == "edns":
        return [(0, reply([txt(b"%d" % udp)]))]
    if what in ("servfail", "refused", "nx"):
        return [(0, reply([], rcode={"servfail": 2, "refused": 5, "nx": 3}[what]))]
    return [(0, right if kind == 1 else reply([]))]


def over_udp():
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.bind((address, 53))

    def one(query, peer):
        for wait, reply in answer(query, False):
            time.sleep(wait)
            sock.sendto(reply, peer)
    while True:
        query, peer = sock.recvfrom(4096)
        threading.Thread(target=one, args=(query, peer), daemon=True).start()


def over_tcp():
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((address, 53))
    sock.listen(16)

    def one(conn):
        with conn, conn.makefile("rb") as lines:
            while True:
                head = lines.read(2)
                if len(head) < 2:
                    return
                for wait, reply in answer(lines.read(struct.unpack(">H", head)[0]), True):
                    time.sleep(wait)
                    conn.sendall(struct.pack(">H", len(reply)) + reply)
    while True:
        threading.Thread(target=one, args=(sock.accept()[0],), daemon=True).start()


threading.Thread(target=over_udp, daemon=True).start()
over_tcp()
