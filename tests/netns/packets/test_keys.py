# SPDX-License-Identifier: GPL-2.0-or-later
"""Every key of the language: a policy, and what then becomes of packets."""

from lib.runner import cases
from packets.lines import hold, world

PORTS = (
    ("tcp", "[allow a]\ntcp = 22",
     "open tcp 22", "closed tcp 21", "closed tcp 23", "closed udp 22",
     "closed sctp 22", "closed tcp 22 to broadcast", "closed tcp 22 to group",
     "open tcp 22 to second", "open tcp 22 to link-local"),
    ("udp", "[allow a]\nudp = 53",
     "open udp 53", "closed udp 52", "closed udp 54", "closed tcp 53",
     "closed sctp 53", "closed udp 53 to broadcast", "closed udp 53 to group"),
    ("sctp", "[allow a]\nsctp = 3868",
     "open sctp 3868", "closed sctp 3867", "closed sctp 3869",
     "closed tcp 3868", "closed udp 3868"),
    ("all three", "[allow a]\ntcp = 1001\nudp = 1002\nsctp = 1003",
     "open tcp 1001", "open udp 1002", "open sctp 1003", "closed udp 1001",
     "closed tcp 1002", "closed tcp 1003", "closed udp 1003"),
    ("ranges", "[allow a]\ntcp = 1000-1010, 2000 3000-3001",
     "closed tcp 999", "open tcp 1000", "open tcp 1005", "open tcp 1010",
     "closed tcp 1011", "closed tcp 1999", "open tcp 2000", "closed tcp 2001",
     "closed tcp 2999", "open tcp 3000", "open tcp 3001", "closed tcp 3002",
     "closed udp 1005"),
    ("wide range", "[allow a]\ntcp = 1000-60000\nudp = 33000-65535",
     "closed tcp 999", "open tcp 1000", "open tcp 60000", "closed tcp 60001",
     "closed udp 1000", "closed udp 32999", "open udp 33000",
     "open udp 65535"),
    ("wide range with source",
     "[allow a]\ntcp = 1000-60000\nfrom = 198.51.100.0/24",
     "open tcp 1000 from 198.51.100.7", "open tcp 60000 from 198.51.100.7",
     "closed tcp 999", "closed tcp 60001",
     "closed tcp 1000 from 198.51.99.255", "closed tcp 1000 from 2001:db8::1"),
    ("all ports", "[allow a]\ntcp = all",
     "open tcp 1", "open tcp 65535", "closed tcp 0", "closed udp 1",
     "closed sctp 1", "closed udp 0"),
    ("port 0 of everything", "[allow a]\ntcp = all\nudp = all\nsctp = all",
     "closed tcp 0", "closed udp 0", "open tcp 1", "open udp 65535"),
    ("service names", "[allow a]\ntcp = ssh, https\nudp = domain",
     "open tcp 22", "open tcp 443", "open udp 53", "closed tcp 53",
     "closed udp 443", "closed udp 22"),
    ("port lists", "[ports]\nweb = http, api\napi = 8443, 9000-9002\n"
     "[allow a]\ntcp = web, 7",
     "open tcp 80", "open tcp 8443", "open tcp 9000", "open tcp 9002",
     "open tcp 7", "closed tcp 9003", "closed tcp 443", "closed udp 8443"),
    ("sections add up", "[allow a]\ntcp = 1000-1005\n"
     "[allow b]\ntcp = 1003-1010\n[allow c]\nudp = 1005",
     "open tcp 1000", "open tcp 1004", "open tcp 1010", "open udp 1005",
     "closed tcp 1011", "closed udp 1004"),
    ("a key repeated, a list continued",
     "[allow a]\ntcp = 1000\ntcp = 1002,\n  1004\n  1006",
     "open tcp 1000", "open tcp 1002", "open tcp 1004", "open tcp 1006",
     "closed tcp 1001", "closed tcp 1005"),
    ("nothing", "[policy]\nclosed = all\nping = no",
     "closed tcp 22", "closed udp 53", "closed ping", "closed sctp 1"),
)

SOURCES = (
    ("one address", "[allow a]\ntcp = 22\nfrom = 198.51.100.7",
     "open tcp 22 from 198.51.100.7", "closed tcp 22 from 198.51.100.6",
     "closed tcp 22 from 198.51.100.8", "closed tcp 22 from 2001:db8:1::7",
     "closed tcp 23 from 198.51.100.7"),
    ("one IPv6 address", "[allow a]\nudp = 53\nfrom = 2001:db8:1::7",
     "open udp 53 from 2001:db8:1::7", "closed udp 53 from 2001:db8:1::6",
     "closed udp 53 from 2001:db8:1::8", "closed udp 53 from 198.51.100.7"),
    ("prefixes", "[allow a]\ntcp = 22\nfrom = 203.0.113.64/26, "
     "2001:db8:a::/48",
     "closed tcp 22 from 203.0.113.63", "open tcp 22 from 203.0.113.64",
     "open tcp 22 from 203.0.113.127", "closed tcp 22 from 203.0.113.128",
     "closed tcp 22 from 2001:db8:9:ffff:ffff:ffff:ffff:ffff",
     "open tcp 22 from 2001:db8:a::", "closed tcp 22 from 2001:db8:b::",
     "open tcp 22 from 2001:db8:a:ffff:ffff:ffff:ffff:ffff"),
    ("ranges", "[allow a]\ntcp = 22\n"
     "from = 192.0.2.10-192.0.2.20 2001:db8::5-2001:db8::f",
     "closed tcp 22 from 192.0.2.9", "open tcp 22 from 192.0.2.10",
     "open tcp 22 from 192.0.2.20", "closed tcp 22 from 192.0.2.21",
     "closed tcp 22 from 2001:db8::4", "open tcp 22 from 2001:db8::5",
     "open tcp 22 from 2001:db8::f", "closed tcp 22 from 2001:db8::10"),
    ("names of names", "[addresses]\noncall = office, 198.51.100.9\n"
     "office = 203.0.113.0/24\n[allow a]\ntcp = 22\nfrom = oncall",
     "open tcp 22 from 203.0.113.1", "open tcp 22 from 198.51.100.9",
     "closed tcp 22 from 198.51.100.7", "closed tcp 22 from 2001:db8:1::7"),
    ("private", "[allow a]\ntcp = 22\nfrom = private",
     "open tcp 22 from 10.0.0.0", "open tcp 22 from 172.31.255.255",
     "open tcp 22 from 192.168.7.7", "open tcp 22 from fd12::1",
     "closed tcp 22 from 172.32.0.0", "closed tcp 22 from 11.0.0.0",
     "closed tcp 22 from 2001:db8::1", "closed tcp 22 from fe80::9"),
    ("link-local", "[allow a]\ntcp = 22\nfrom = link-local",
     "open tcp 22 from 169.254.3.4", "open tcp 22 from fe80::9",
     "closed tcp 22 from 169.255.0.0", "closed tcp 22 from 2001:db8::1"),
    ("except", "[allow a]\ntcp = 22\nfrom = 203.0.113.0/24, 2001:db8:a::/48\n"
     "except = 203.0.113.7, 2001:db8:a:1::/64",
     "open tcp 22 from 203.0.113.6", "closed tcp 22 from 203.0.113.7",
     "open tcp 22 from 203.0.113.8", "open tcp 22 from 2001:db8:a::1",
     "closed tcp 22 from 2001:db8:a:1::1", "open tcp 22 from 2001:db8:a:2::",
     "closed tcp 22 from 198.51.100.7"),
    ("except without from", "[allow a]\ntcp = 22\nexcept = 198.51.100.0/24",
     "closed tcp 22 from 198.51.100.7", "open tcp 22 from 198.51.99.255",
     "open tcp 22 from 198.51.101.0", "open tcp 22 from 2001:db8::1"),
    ("except takes all", "[allow a]\ntcp = 22\nfrom = 198.51.100.7\n"
     "except = 198.51.100.0/24\n[allow b]\ntcp = 23",
     "closed tcp 22 from 198.51.100.7", "closed tcp 22 from 198.51.99.1",
     "open tcp 23"),
    ("except of one section is not of another",
     "[allow a]\ntcp = 22\nexcept = 198.51.100.7\n"
     "[allow b]\ntcp = 22\nfrom = 198.51.100.0/24",
     "open tcp 22 from 198.51.100.7", "open tcp 22 from 203.0.113.1"),
    ("many sections, one port", "\n".join(
        "[allow s%d]\ntcp = 22\nfrom = 203.0.113.%d, 2001:db8:%x::/48"
        % (n, n * 2, n * 2) for n in range(1, 13)),
     "closed tcp 22 from 203.0.113.1", "open tcp 22 from 203.0.113.2",
     "closed tcp 22 from 203.0.113.3", "open tcp 22 from 203.0.113.24",
     "closed tcp 22 from 203.0.113.25", "open tcp 22 from 2001:db8:18::1",
     "closed tcp 22 from 2001:db8:17::1", "closed tcp 22 from 2001:db8:1::1"),
    ("many prefixes", "[allow a]\ntcp = 22\nfrom = " + ", ".join(
        "10.%d.0.0/16" % n for n in range(0, 40, 2)),
     "open tcp 22 from 10.0.0.1", "closed tcp 22 from 10.1.0.1",
     "open tcp 22 from 10.38.255.255", "closed tcp 22 from 10.39.0.0",
     "closed tcp 22 from 2001:db8::1"),
)

DESTINATIONS = (
    ("own second address", "[allow a]\ntcp = 22\nto = 10.99.0.3, fd99::3",
     "open tcp 22 to second", "closed tcp 22", "closed tcp 22 to link-local",
     "closed tcp 22 to broadcast"),
    ("one family", "[allow a]\ntcp = 22\nto = fd99::2",
     "closed tcp 22 to 10.99.0.2", "open tcp 22 to fd99::2",
     "closed tcp 22 to fd99::3"),
    ("local", "[allow a]\ntcp = 22\nto = local",
     "open tcp 22", "open tcp 22 to second", "closed tcp 22 to broadcast",
     "closed tcp 22 to group"),
    ("broadcast", "[allow a]\nudp = 67\nto = broadcast",
     "open udp 67 to broadcast", "closed udp 67 to 10.99.0.2",
     "closed udp 67 to fd99::2", "closed udp 67 to group",
     "closed udp 68 to broadcast", "closed udp 66 to broadcast"),
    ("multicast", "[allow a]\nudp = 5353\nto = multicast",
     "open udp 5353 to group", "closed udp 5353", "closed udp 5352 to group",
     "closed udp 5353 to broadcast", "open udp 5353 to 224.0.0.1",
     "open udp 5353 to ff02::1", "closed tcp 5353 to group"),
    ("multicast address", "[allow a]\nudp = 5353\nto = 224.0.0.251, ff02::fb",
     "open udp 5353 to group", "closed udp 5353 to 224.0.0.1",
     "closed udp 5353 to ff02::1", "closed udp 5353"),
    ("broadcast address", "[allow a]\nudp = 67\nto = 10.99.0.255\n"
     "[allow b]\nudp = 68\nto = 255.255.255.255\n"
     "[allow c]\nudp = 69\nto = 10.99.0.0/24",
     "open udp 67 to broadcast", "closed udp 67 to 255.255.255.255",
     "closed udp 67 to 10.99.0.2", "open udp 68 to 255.255.255.255",
     "closed udp 68 to broadcast", "open udp 69 to broadcast",
     "open udp 69 to 10.99.0.2", "closed udp 69 to 255.255.255.255",
     "closed udp 69 to fd99::2"),
    ("all hosts and all nodes", "[allow a]\nudp = all\n"
     "[allow b]\ntcp = 9\nto = 10.99.0.3, 224.0.0.1, ff02::1",
     "closed udp 9 to 224.0.0.1", "closed udp 9 to ff02::1",
     "closed udp 9 to 255.255.255.255", "closed udp 9 to 10.99.0.255",
     "open tcp 9 to ff02::1", "open tcp 9 to 224.0.0.1",
     "open tcp 9 to 10.99.0.3", "closed tcp 9 to 10.99.0.2"),
    ("local and multicast", "[allow a]\nudp = 5353\nto = local, multicast",
     "open udp 5353", "open udp 5353 to group",
     "closed udp 5353 to broadcast"),
    ("everything", "[allow a]\nudp = 9\nto = local broadcast multicast",
     "open udp 9", "open udp 9 to group", "open udp 9 to broadcast"),
    ("range and names", "[addresses]\nmine = 10.99.0.3-10.99.0.9, fd99::3\n"
     "[allow a]\ntcp = 22\nto = mine",
     "open tcp 22 to second", "closed tcp 22"),
    ("from and to", "[allow a]\ntcp = 22\nfrom = 198.51.100.7, 2001:db8:1::7\n"
     "to = 10.99.0.3, fd99::3",
     "open tcp 22 to second", "closed tcp 22",
     "closed tcp 22 from 198.51.100.8 to second",
     "closed tcp 22 from 2001:db8:1::8 to second"),
    ("multicast from a source", "[allow a]\nudp = 5353\nfrom = link-local\n"
     "to = multicast",
     "open udp 5353 from fe80::9 to group",
     "closed udp 5353 from 2001:db8:1::7 to group",
     "closed udp 5353 from 198.51.100.7 to group",
     "closed udp 5353 from fe80::9"),
)

INTERFACES = (
    ("name", "[allow a]\ntcp = 22\non = eth1",
     "open tcp 22 on eth1", "closed tcp 22 on eth0", "closed tcp 22 on wlan0"),
    ("glob", "[allow a]\ntcp = 22\non = wlan*",
     "open tcp 22 on wlan0", "open tcp 22 on wlan10", "closed tcp 22 on eth0"),
    ("names", "[interfaces]\nlan = eth1, radio\nradio = wlan*\n"
     "[allow a]\ntcp = 22\non = lan",
     "open tcp 22 on eth1", "open tcp 22 on wlan0", "open tcp 22 on wlan10",
     "closed tcp 22 on eth0"),
    ("a name is not a prefix", "[allow a]\ntcp = 22\non = wlan1",
     "closed tcp 22 on wlan10", "closed tcp 22 on wlan0"),
    ("absent", "[allow a]\ntcp = 22\non = wg0\n[allow b]\ntcp = 23",
     "closed tcp 22 on eth0", "open tcp 23 on eth0"),
    ("with source", "[allow a]\ntcp = 5432\nfrom = 10.20.0.0/24, fd00:20::/64\n"
     "on = eth1",
     "open tcp 5432 from 10.20.0.9 on eth1",
     "open tcp 5432 from fd00:20::9 on eth1",
     "closed tcp 5432 from 10.20.0.9 on eth0",
     "closed tcp 5432 from fd00:20::9 on eth0",
     "closed tcp 5432 from 10.20.1.0 on eth1"),
    ("several conditions", "[allow a]\ntcp = 22\non = eth0\nfrom = 192.0.2.1\n"
     "[allow b]\ntcp = 22\non = eth1\nfrom = 192.0.2.2",
     "open tcp 22 from 192.0.2.1 on eth0",
     "closed tcp 22 from 192.0.2.2 on eth0",
     "closed tcp 22 from 192.0.2.1 on eth1",
     "open tcp 22 from 192.0.2.2 on eth1"),
    ("wide", "[allow a]\ntcp = all\non = eth1",
     "open tcp 1 on eth1", "open tcp 65535 on eth1", "closed tcp 1 on eth0"),
    ("everything at once", "[allow a]\nudp = 53\non = wlan*\n"
     "from = private\nexcept = 10.1.0.0/16\nto = local, multicast",
     "open udp 53 from 10.0.0.1 on wlan0",
     "open udp 53 from 10.0.0.1 to 224.0.0.251 on wlan0",
     "closed udp 53 from 10.1.0.1 on wlan0",
     "closed udp 53 from 10.0.0.1 on eth0",
     "closed udp 53 from 11.0.0.1 on wlan0",
     "open udp 53 from fd00::1 on wlan10"),
)

PROTOCOLS = (
    ("esp and gre", "[allow a]\nprotocol = esp, gre",
     "open esp", "open gre", "closed proto 51", "closed proto 46",
     "closed proto 48", "closed tcp 22", "closed esp to group"),
    ("number", "[allow a]\nprotocol = 89\nto = local, multicast",
     "open proto 89", "open proto 89 to group", "closed proto 88",
     "closed proto 90"),
    ("from and on", "[allow a]\nprotocol = esp\nfrom = 198.51.100.0/24\n"
     "on = eth1",
     "open esp from 198.51.100.7 on eth1", "closed esp on eth0",
     "closed esp from 203.0.113.1 on eth1",
     "closed esp from 2001:db8::1 on eth1"),
    ("beside ports", "[allow a]\nudp = 51820\nprotocol = esp",
     "open udp 51820", "open esp", "closed gre", "closed tcp 51820"),
)

PINGS = (
    ("yes", "[policy]\nping = yes\nclosed = all",
     "open ping", "closed ping to group", "closed ping to broadcast",
     "closed tcp 22"),
    ("by default", "[allow a]\ntcp = 22", "open ping"),
    ("no", "[policy]\nping = no\n[allow a]\ntcp = 22",
     "closed ping", "open tcp 22"),
    ("section", "[policy]\nping = no\n[allow a]\nping = yes\n"
     "from = 203.0.113.0/24, 2001:db8:a::/48",
     "open ping from 203.0.113.1", "open ping from 2001:db8:a::1",
     "closed ping from 198.51.100.7", "closed ping from 2001:db8:1::7",
     "closed tcp 22 from 203.0.113.1"),
    ("section on an interface", "[policy]\nping = no\n"
     "[allow a]\nping = yes\ntcp = 22\non = eth1",
     "open ping on eth1", "closed ping on eth0", "open tcp 22 on eth1",
     "closed tcp 22 on eth0"),
    ("section to a group", "[policy]\nping = no\n"
     "[allow a]\nping = yes\nto = multicast",
     "open ping to 224.0.0.251", "open ping to ff02::fb", "closed ping"),
    ("refused", "[policy]\nping = no\ndefault = reject\n[allow a]\ntcp = 22",
     "refused ping", "closed ping to group"),
)

BLOCKS = (
    ("sources", "[allow a]\ntcp = 22\n[block b]\nfrom = 203.0.113.0/24, "
     "2001:db8:bad::/48",
     "open tcp 22", "closed tcp 22 from 203.0.113.0",
     "closed tcp 22 from 203.0.113.255", "open tcp 22 from 203.0.114.0",
     "closed tcp 22 from 2001:db8:bad::1", "open tcp 22 from 2001:db8:bae::1",
     "closed ping from 203.0.113.9", "closed ping from 2001:db8:bad::9",
     "open ping"),
    ("except", "[allow a]\ntcp = 22\n[block b]\nfrom = 203.0.113.0/24\n"
     "except = 203.0.113.7",
     "closed tcp 22 from 203.0.113.6", "open tcp 22 from 203.0.113.7",
     "closed ping from 203.0.113.8", "open ping from 203.0.113.7"),
    ("everyone except", "[allow a]\ntcp = 22\n[block b]\n"
     "except = 203.0.113.0/24",
     "open tcp 22 from 203.0.113.7", "closed tcp 22 from 198.51.100.7",
     "closed tcp 22 from 2001:db8::1"),
    ("many sources", "[allow a]\ntcp = 22\n[block b]\nfrom = " + ", ".join(
        "203.0.113.%d" % n for n in range(0, 40, 2)) + ", 2001:db8:bad::/64",
     "closed tcp 22 from 203.0.113.0", "open tcp 22 from 203.0.113.1",
     "closed tcp 22 from 203.0.113.38", "open tcp 22 from 203.0.113.39",
     "closed ping from 203.0.113.38", "closed tcp 22 from 2001:db8:bad::1",
     "open tcp 22 from 2001:db8:bae::1"),
    ("ports", "[allow a]\ntcp = 1000-2000\nudp = 1500\n"
     "[block b]\ntcp = 1500-1600\nfrom = 203.0.113.0/24",
     "closed tcp 1500 from 203.0.113.1", "closed tcp 1600 from 203.0.113.1",
     "open tcp 1499 from 203.0.113.1", "open tcp 1601 from 203.0.113.1",
     "open udp 1500 from 203.0.113.1", "open tcp 1500",
     "open ping from 203.0.113.1"),
    ("ports for everybody", "[allow a]\ntcp = 1000-2000\n"
     "[block b]\ntcp = 1500",
     "closed tcp 1500", "open tcp 1499", "open tcp 1501"),
    ("interface", "[allow a]\ntcp = 22\n[block b]\non = wlan*",
     "closed tcp 22 on wlan0", "closed ping on wlan10", "open tcp 22 on eth0",
     "open ping on eth0"),
    ("interface and source", "[allow a]\ntcp = 22\n"
     "[block b]\non = eth1\nfrom = 203.0.113.0/24",
     "closed tcp 22 from 203.0.113.1 on eth1",
     "open tcp 22 from 203.0.113.1 on eth0", "open tcp 22 on eth1"),
    ("destination", "[allow a]\ntcp = 22\n"
     "[block b]\ntcp = 22\nto = 10.99.0.3, fd99::3",
     "open tcp 22", "closed tcp 22 to second"),
    ("protocol", "[allow a]\nprotocol = esp, gre\n"
     "[block b]\nprotocol = gre\nfrom = 203.0.113.0/24",
     "open gre", "closed gre from 203.0.113.1", "open esp from 203.0.113.1"),
    ("of a section to a group", "[allow a]\nudp = 5353\nto = multicast\n"
     "[block b]\nfrom = 203.0.113.0/24",
     "open udp 5353 to group", "closed udp 5353 from 203.0.113.1 to group"),
    ("two blocks, one ping section", "[policy]\nping = no\n"
     "[allow a]\nping = yes\n[block b]\nfrom = 203.0.113.1\n"
     "[block c]\nfrom = 2001:db8:bad::/64",
     "open ping", "closed ping from 203.0.113.1",
     "closed ping from 2001:db8:bad::1"),
    ("many with ports", "[allow a]\ntcp = 1000-2000\n" + "\n".join(
        "[block b%d]\ntcp = %d\nfrom = 203.0.113.%d" % (n, 1000 + n % 4, n)
        for n in range(1, 13)),
     "closed tcp 1001 from 203.0.113.1", "open tcp 1002 from 203.0.113.1",
     "closed tcp 1001 from 203.0.113.9", "open tcp 1000 from 203.0.113.9",
     "closed tcp 1000 from 203.0.113.12", "open tcp 1001 from 203.0.113.12",
     "open tcp 1001 from 203.0.113.13"),
    ("is silent where the default refuses", "[policy]\ndefault = reject\n"
     "[allow a]\ntcp = 22\n[block b]\nfrom = 203.0.113.0/24",
     "closed tcp 22 from 203.0.113.1", "closed tcp 23 from 203.0.113.1",
     "closed ping from 203.0.113.1", "refused tcp 23"),
    ("ended", "[allow a]\ntcp = 22\n[block b]\nfrom = 203.0.113.0/24\n"
     "until = 2020-01-01T00:00Z",
     "open tcp 22 from 203.0.113.1"),
    ("not ended", "[allow a]\ntcp = 22\n[block b]\nfrom = 203.0.113.0/24\n"
     "until = 2099-01-01T00:00+01:00",
     "closed tcp 22 from 203.0.113.1", "open tcp 22"),
    ("nobody", "[allow a]\ntcp = 22\n[block b]\nfrom = 203.0.113.1\n"
     "except = 203.0.113.0/24",
     "open tcp 22 from 203.0.113.1", "open tcp 22"),
)

REJECTS = (
    ("all kinds", "[policy]\ndefault = reject\n[allow a]\ntcp = 22",
     "open tcp 22", "refused tcp 23", "refused udp 53", "refused sctp 7",
     # For others the kernel answers only where a checksum seems right
     "refused esp", "refused gre", "refused proto 89 from 198.51.100.7"),
    ("unicast only", "[policy]\ndefault = reject\n[allow a]\ntcp = 22",
     "closed udp 53 to broadcast", "closed udp 53 to group",
     "closed tcp 23 to group", "refused udp 53 to second"),
    ("other source, other interface", "[policy]\ndefault = reject\n"
     "[allow a]\ntcp = 22\nfrom = 203.0.113.0/24\non = eth1",
     "open tcp 22 from 203.0.113.1 on eth1", "refused tcp 22 on eth1",
     "refused tcp 22 from 203.0.113.1 on eth0"),
    ("own source is silent", "[policy]\ndefault = reject\n[allow a]\ntcp = 22",
     "closed tcp 23 from fd99::3", "closed udp 53 from fd99::3",
     "closed tcp 22 from fd99::3"),
    ("drop", "[policy]\ndefault = drop\n[allow a]\ntcp = 22",
     "open tcp 22", "closed tcp 23", "closed udp 53", "closed esp"),
)

UNTILS = (
    ("past", "[allow a]\ntcp = 22\nuntil = 2020-01-31T18:00Z\n"
     "[allow b]\ntcp = 23",
     "closed tcp 22", "open tcp 23"),
    ("ahead", "[allow a]\ntcp = 22\nuntil = 2099-01-31T18:00:30-05:00",
     "open tcp 22", "closed tcp 23"),
)

WIDE_LINKS = ("eth0", "eth1", "wlan0", "wlan10")


def run(policy, lines):
    with world(*WIDE_LINKS) as w:
        w.apply(policy + "\n")
        hold(w, *lines)


def rows(table):
    return cases(*((name, policy, lines) for name, policy, *lines in table))


@rows(PORTS)
def test_ports(policy, lines):
    run(policy, lines)


@rows(SOURCES)
def test_from(policy, lines):
    run(policy, lines)


@rows(DESTINATIONS)
def test_to(policy, lines):
    run(policy, lines)


def test_anycast():
    """The address of all routers is one of the host, and not unicast."""
    with world(forward=True) as w:
        w.apply("[allow a]\ntcp = 22\n[allow b]\ntcp = 23\nto = fd99::\n")
        hold(w, "open tcp 22", "closed tcp 22 to fd99::",
             "open tcp 23 to fd99::", "closed tcp 23")


@rows(INTERFACES)
def test_on(policy, lines):
    run(policy, lines)


@rows(PROTOCOLS)
def test_protocol(policy, lines):
    run(policy, lines)


@rows(PINGS)
def test_ping(policy, lines):
    run(policy, lines)


@rows(BLOCKS)
def test_block(policy, lines):
    run(policy, lines)


@rows(REJECTS)
def test_reject(policy, lines):
    run(policy, lines)


@rows(UNTILS)
def test_until(policy, lines):
    run(policy, lines)
