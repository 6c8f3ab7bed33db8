# SPDX-License-Identifier: MIT
# Frames that a hostile container sends, and what arrives of them:
#   strict_frames.py send INTERFACE VICTIM-MAC OWN-IP OWN-IP6     pretends in all known ways, then says "end"
#   strict_frames.py hear INTERFACE READY    touches READY, prints a word for each kind that arrives, until "end"
# Run inside a container's network namespace. What is pretended: to be the gateway .1 of the own subnet.
import socket
import struct
import sys
import time

MARK = b"strict-frames:"
ALL = b"\xff" * 6


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ether(to, mac, kind, body):
    return to + mac + struct.pack("!H", kind) + body


def arp(mac, ip, word, operation=2):
    return struct.pack("!HHBBH", 1, 0x800, 6, 4, operation) + mac + ip + ALL + ip + MARK + word


def ip4(src, dst, word, port=9):
    body = MARK + word
    udp = struct.pack("!HHHH", port, 9, 8 + len(body), 0) + body
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0) + src + dst
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + udp


def ip6(src, dst, protocol, body):
    return struct.pack("!IHBB", 6 << 28, len(body), protocol, 255) + src + dst + body


def udp6(src, dst, word, port=9):
    body = MARK + word
    return ip6(src, dst, 17, struct.pack("!HHHH", port, 9, 8 + len(body), 0) + body)


def icmp6(src, dst, kind, target, word):
    return ip6(src, dst, 58, struct.pack("!BBHI", kind, 0, 0, 0) + target + MARK + word)


def send(name, victim, own4, own6):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    s.bind((name, 0))
    mac = s.getsockname()[4]
    other = b"\x02\x00\x00\x00\x00\x77"
    own4, own6 = socket.inet_aton(own4), socket.inet_pton(socket.AF_INET6, own6)
    gw4, gw6 = own4[:3] + b"\x01", own6[:15] + b"\x01"
    four, six = own4[:3] + b"\xff", own6[:15] + b"\xff"
    link = b"\xfe\x80" + bytes(6) + bytes([mac[0] ^ 2]) + mac[1:3] + b"\xff\xfe" + mac[3:]
    bad = [
        ether(victim, other, 0x800, ip4(own4, four, b"mac")),
        ether(victim, mac, 0x806, arp(mac, gw4, b"arp-address")),
        ether(ALL, mac, 0x806, arp(mac, gw4, b"arp-request", 1)),
        ether(victim, mac, 0x806, arp(other, own4, b"arp-mac")),
        ether(victim, mac, 0x800, ip4(gw4, four, b"ip4")),
        ether(ALL, mac, 0x800, ip4(own4, b"\xff" * 4, b"dhcp", 67)),
        ether(victim, mac, 0x86DD, udp6(gw6, six, b"ip6")),
        ether(victim, mac, 0x86DD, udp6(own6, six, b"dhcp6", 547)),
        ether(victim, mac, 0x86DD, icmp6(link, six, 134, b"", b"route-advert")),
        ether(victim, mac, 0x86DD, icmp6(own6, six, 136, gw6, b"neighbour-advert")),
        ether(victim, mac, 0x86DD, icmp6(own6, six, 137, gw6, b"redirect")),
        ether(victim, mac, 0x88CC, MARK + b"other-protocol"),
    ]
    good = [
        ether(victim, mac, 0x806, arp(mac, own4, b"own-arp")),
        ether(victim, mac, 0x800, ip4(own4, four, b"own-ip4")),
        ether(victim, mac, 0x86DD, udp6(own6, six, b"own-ip6")),
        ether(victim, mac, 0x86DD, udp6(link, six, b"own-link")),
        ether(victim, mac, 0x86DD, icmp6(own6, six, 136, own6, b"own-advert")),
    ]
    for frame in bad + good:
        s.send(frame)
    # what came by another processor of the machine has arrived by then
    for _ in range(3):
        time.sleep(0.1)
        s.send(ether(victim, mac, 0x800, ip4(own4, four, b"end")))


def hear(name, ready):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    s.bind((name, 3))
    s.settimeout(30)
    open(ready, "w").close()
    words, ends = set(), 0
    while ends < 3:
        data, where = s.recvfrom(2048)
        if where[2] == socket.PACKET_OUTGOING or MARK not in data:
            continue
        word = data.split(MARK)[1].split(b"\0")[0].decode()
        ends += word == "end"
        words.add(word)
    print(" ".join(sorted(words - {"end"})))


if sys.argv[1] == "send":
    send(sys.argv[2], bytes.fromhex(sys.argv[3].replace(":", "")), sys.argv[4], sys.argv[5])
else:
    hear(sys.argv[2], sys.argv[3])
