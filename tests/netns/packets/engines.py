# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules in the shapes that container engines and kube-proxy give them.

Each engine publishes the same: 8080 and 8443 (TCP) as 80 and 443 of the
container, 5300 (UDP) as 53, and 6379 for 127.0.0.1 alone.
"""

import shutil
from dataclasses import dataclass

from lib.runner import Skip

PUBLISHED = (("tcp", 8080, 80), ("tcp", 8443, 443), ("udp", 5300, 53))


@dataclass
class Bridge:
    """Addresses behind a bridge and of its gateway."""

    name: str
    v4: str
    v6: str
    gw4: str
    gw6: str

    @property
    def net4(self):
        return self.gw4.rpartition(".")[0] + ".0/16"

    @property
    def net6(self):
        return self.gw6.rpartition("::")[0] + "::/64"

    def to(self, family):
        return self.v4 if family == 4 else self.v6


def bridge(name, number):
    return Bridge(name, "172.%d.0.2" % number, "fd00:%d::2" % number,
                  "172.%d.0.1" % number, "fd00:%d::1" % number)


def docker_iptables(w, b):
    """Through iptables-nft, as dockerd does by default."""
    if not shutil.which("iptables-nft-restore"):
        raise Skip("no iptables-nft-restore")
    for family, tool in ((4, "iptables"), (6, "ip6tables")):
        w.host.run([tool + "-nft-restore"], docker_tables(b, family))


def docker_tables(b, family):
    own, net, loopback = (b.v4, b.net4, "127.0.0.0/8") if family == 4 else (
        b.v6, b.net6, "::1/128")
    bracketed = own if family == 4 else "[%s]" % own
    nat, forward = [], []
    for proto, port, inner in PUBLISHED:
        nat.append("-A DOCKER ! -i %s -p %s -m %s --dport %d -j DNAT "
                   "--to-destination %s:%d" % (b.name, proto, proto, port,
                                               bracketed, inner))
        forward.append("-A DOCKER -d %s ! -i %s -o %s -p %s -m %s --dport %d "
                       "-j ACCEPT" % (own, b.name, b.name, proto, proto,
                                      inner))
    if family == 4:
        nat.append("-A DOCKER -d 127.0.0.1/32 ! -i %s -p tcp -m tcp "
                   "--dport 6379 -j DNAT --to-destination %s:6379"
                   % (b.name, own))
        forward.append("-A DOCKER -d %s ! -i %s -o %s -p tcp -m tcp "
                       "--dport 6379 -j ACCEPT" % (own, b.name, b.name))
    return """*nat
:PREROUTING ACCEPT
:INPUT ACCEPT
:OUTPUT ACCEPT
:POSTROUTING ACCEPT
:DOCKER -
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d {loopback} -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s {net} ! -o {name} -j MASQUERADE
-A POSTROUTING -s {own} -d {own} -j MASQUERADE
-A DOCKER -i {name} -j RETURN
{nat}
COMMIT
*filter
:INPUT ACCEPT
:FORWARD DROP
:OUTPUT ACCEPT
:DOCKER -
:DOCKER-USER -
-A FORWARD -j DOCKER-USER
-A FORWARD -o {name} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o {name} -j DOCKER
-A FORWARD -i {name} -j ACCEPT
-A FORWARD ! -i {name} -o {name} -m conntrack --ctstate DNAT -j ACCEPT
{forward}
COMMIT
""".format(loopback=loopback, net=net, name=b.name, own=own,
           nat="\n".join(nat), forward="\n".join(forward))


def docker_nft(w, b):
    """As dockerd does with its nftables backend."""
    for family in (4, 6):
        w.host.nft(docker_nft_table(b, family))


def docker_nft_table(b, family):
    ip, own, net = ("ip", b.v4, b.net4) if family == 4 else (
        "ip6", b.v6, b.net6)
    bracketed = own if family == 4 else "[%s]" % own
    nat = ["iifname != \"%s\" %s dport %d counter dnat to %s:%d" % (
        b.name, proto, port, bracketed, inner)
           for proto, port, inner in PUBLISHED]
    opened = ["%s daddr %s %s dport %d counter accept" % (ip, own, proto,
                                                          inner)
              for proto, _, inner in PUBLISHED]
    if family == 4:
        nat.append("ip daddr 127.0.0.1 tcp dport 6379 counter dnat to "
                   "%s:6379" % own)
        opened.append("ip daddr %s tcp dport 6379 counter accept" % own)
    loopback = "127.0.0.0/8" if family == 4 else "::1"
    return """
table {ip} docker-bridges {{
	map filter-forward-in-jumps {{
		type ifname : verdict
		elements = {{ "{name}" : jump filter-forward-in__{chain} }}
	}}
	map filter-forward-out-jumps {{
		type ifname : verdict
		elements = {{ "{name}" : jump filter-forward-out__{chain} }}
	}}
	chain filter-FORWARD {{
		type filter hook forward priority filter; policy accept;
		oifname vmap @filter-forward-in-jumps
		iifname vmap @filter-forward-out-jumps
	}}
	chain filter-forward-in__{chain} {{
		ct state established,related counter accept
		iifname "{name}" counter accept
		{opened}
		counter drop
	}}
	chain filter-forward-out__{chain} {{
		ct state established,related counter accept
		counter accept
	}}
	chain nat-OUTPUT {{
		type nat hook output priority -100; policy accept;
		{ip} daddr != {loopback} fib daddr type local counter jump nat-both
	}}
	chain nat-PREROUTING {{
		type nat hook prerouting priority dstnat; policy accept;
		fib daddr type local counter jump nat-both
	}}
	chain nat-POSTROUTING {{
		type nat hook postrouting priority srcnat; policy accept;
		oifname != "{name}" {ip} saddr {net} counter masquerade
		{ip} saddr {own} {ip} daddr {own} counter masquerade
	}}
	chain nat-both {{
		{nat}
	}}
}}
""".format(ip=ip, name=b.name, chain=b.name.replace("-", "_"), net=net,
           own=own, loopback=loopback, opened="\n\t\t".join(opened),
           nat="\n\t\t".join(nat))


def podman(w, b):
    """As netavark does."""
    chains = ["", ""]
    for n, (ip, own, net) in enumerate((("ip", b.v4, b.net4),
                                        ("ip6", b.v6, b.net6))):
        to = own if ip == "ip" else "[%s]" % own
        for proto, port, inner in PUBLISHED:
            chains[n] += """
		{ip} saddr {net} {proto} dport {port} jump NETAVARK-HOSTPORT-SETMARK
		{proto} dport {port} dnat {ip} to {to}:{inner}""".format(
            ip=ip, net=net, proto=proto, port=port, to=to, inner=inner)
    chains[0] += "\n\t\tip daddr 127.0.0.1 tcp dport 6379 dnat ip to %s:6379" \
        % b.v4
    w.host.nft("""
table inet netavark {{
	chain INPUT {{
		type filter hook input priority filter; policy accept;
		ip saddr {net4} meta l4proto {{ tcp, udp }} th dport 53 accept
	}}
	chain FORWARD {{
		type filter hook forward priority filter; policy accept;
		ct state invalid drop
		jump NETAVARK-ISOLATION-1
		ip daddr {net4} ct state established,related accept
		ip saddr {net4} accept
		ip6 daddr {net6} ct state established,related accept
		ip6 saddr {net6} accept
	}}
	chain POSTROUTING {{
		type nat hook postrouting priority srcnat; policy accept;
		meta mark & 0x00002000 == 0x00002000 masquerade
		ip saddr {net4} ip daddr != 224.0.0.0/4 ip daddr != {net4} masquerade
		ip6 saddr {net6} ip6 daddr != ff00::/8 ip6 daddr != {net6} masquerade
	}}
	chain PREROUTING {{
		type nat hook prerouting priority dstnat; policy accept;
		fib daddr type local jump NETAVARK-HOSTPORT-DNAT
	}}
	chain OUTPUT {{
		type nat hook output priority -100; policy accept;
		fib daddr type local jump NETAVARK-HOSTPORT-DNAT
	}}
	chain NETAVARK-HOSTPORT-DNAT {{
		meta nfproto ipv4 jump nv_4_dnat
		meta nfproto ipv6 jump nv_6_dnat
	}}
	chain NETAVARK-HOSTPORT-SETMARK {{
		meta mark set meta mark | 0x00002000
	}}
	chain NETAVARK-ISOLATION-1 {{
	}}
	chain nv_4_dnat {{{four}
	}}
	chain nv_6_dnat {{{six}
	}}
}}
""".format(net4=b.net4, net6=b.net6, four=chains[0], six=chains[1]))


SERVICE = {4: "10.96.0.10", 6: "fd00:96::10"}       # to a pod
API = {4: "10.96.0.1", 6: "fd00:96::1"}             # port 443, of the host
NODE_PORT, API_PORT = 30080, 6443


def kube_proxy(w, b, pod, link):
    """Services of kube-proxy's nftables mode: SERVICE:80 and NODE_PORT are
    port 80 of @pod, API:443 is API_PORT of the host itself."""
    for family, ip, kind in ((4, "ip", "ipv4_addr"), (6, "ip6", "ipv6_addr")):
        def to(address, port, v6=family == 6):
            return ("[%s]:%d" if v6 else "%s:%d") % (address, port)
        w.host.nft("""
table {ip} kube-proxy {{
	set nodeport-ips {{ type {kind}; elements = {{ {host} }}; }}
	map service-ips {{
		type {kind} . inet_proto . inet_service : verdict
		elements = {{ {service} . tcp . 80 : goto service-web,
			{api} . tcp . 443 : goto service-api }}
	}}
	map service-nodeports {{
		type inet_proto . inet_service : verdict
		elements = {{ tcp . {node} : goto external-web }}
	}}
	chain nat-prerouting {{
		type nat hook prerouting priority dstnat; policy accept;
		jump services
	}}
	chain nat-output {{
		type nat hook output priority -100; policy accept;
		jump services
	}}
	chain nat-postrouting {{
		type nat hook postrouting priority srcnat; policy accept;
		meta mark & 0x00004000 == 0 return
		meta mark set meta mark ^ 0x00004000
		masquerade fully-random
	}}
	chain services {{
		{ip} daddr . meta l4proto . th dport vmap @service-ips
		{ip} daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports
	}}
	chain external-web {{
		meta mark set meta mark | 0x00004000
		goto service-web
	}}
	chain service-web {{
		{ip} saddr {podaddr} meta mark set meta mark | 0x00004000
		meta l4proto tcp dnat to {web}
	}}
	chain service-api {{
		meta l4proto tcp dnat to {apiend}
	}}
}}
""".format(ip=ip, kind=kind, host=link.to(family), service=SERVICE[family],
           api=API[family], node=NODE_PORT, podaddr=pod.to(family),
           web=to(pod.to(family), 80),
           apiend=to(link.to(family), API_PORT)))


ENGINES = (("docker iptables", docker_iptables, "docker0"),
           ("docker nftables", docker_nft, "docker0"),
           ("podman", podman, "podman0"))
