# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules in the shapes that kube-proxy and libvirt give them."""

import shutil

from lib.runner import Skip
from packets.engines import API, API_PORT, NODE_PORT, SERVICE, kube_proxy


def restore(w, family, text):
    """Through iptables-nft, as they do without a backend for nftables."""
    tool = "iptables" if family == 4 else "ip6tables"
    if not shutil.which(tool + "-nft-restore"):
        raise Skip("no %s-nft-restore" % tool)
    w.host.run([tool + "-nft-restore"], text)


def end(address, port):
    return ("[%s]:%d" if ":" in address else "%s:%d") % (address, port)


def kube_proxy_iptables(w, b, pod, link):
    """Services of kube-proxy's iptables mode: the same as kube_proxy()."""
    for family in (4, 6):
        restore(w, family, kube_tables(b, pod, link, family))


def kube_tables(b, pod, link, family):
    net = b.net4 if family == 4 else b.net6
    return """*nat
:PREROUTING ACCEPT
:INPUT ACCEPT
:OUTPUT ACCEPT
:POSTROUTING ACCEPT
:KUBE-SERVICES -
:KUBE-NODEPORTS -
:KUBE-MARK-MASQ -
:KUBE-POSTROUTING -
:KUBE-EXT-WEB -
:KUBE-SVC-WEB -
:KUBE-SEP-WEB -
:KUBE-SVC-API -
:KUBE-SEP-API -
-A PREROUTING -j KUBE-SERVICES
-A OUTPUT -j KUBE-SERVICES
-A POSTROUTING -j KUBE-POSTROUTING
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -j MASQUERADE --random-fully
-A KUBE-SERVICES -d {service} -p tcp -m tcp --dport 80 -j KUBE-SVC-WEB
-A KUBE-SERVICES -d {api} -p tcp -m tcp --dport 443 -j KUBE-SVC-API
-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-NODEPORTS -p tcp -m tcp --dport {node} -j KUBE-EXT-WEB
-A KUBE-EXT-WEB -j KUBE-MARK-MASQ
-A KUBE-EXT-WEB -j KUBE-SVC-WEB
-A KUBE-SVC-WEB ! -s {net} -d {service} -p tcp -m tcp --dport 80 -j KUBE-MARK-MASQ
-A KUBE-SVC-WEB -j KUBE-SEP-WEB
-A KUBE-SEP-WEB -s {pod} -j KUBE-MARK-MASQ
-A KUBE-SEP-WEB -p tcp -m tcp -j DNAT --to-destination {web}
-A KUBE-SVC-API ! -s {net} -d {api} -p tcp -m tcp --dport 443 -j KUBE-MARK-MASQ
-A KUBE-SVC-API -j KUBE-SEP-API
-A KUBE-SEP-API -p tcp -m tcp -j DNAT --to-destination {apiend}
COMMIT
*filter
:INPUT ACCEPT
:FORWARD ACCEPT
:OUTPUT ACCEPT
:KUBE-FORWARD -
-A FORWARD -j KUBE-FORWARD
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
""".format(service=SERVICE[family], api=API[family], node=NODE_PORT, net=net,
           pod=pod.to(family), web=end(pod.to(family), 80),
           apiend=end(link.to(family), API_PORT))


def libvirt_iptables(w, b):
    """A NAT network as libvirt before 10.4 makes it."""
    for family in (4, 6):
        net = b.net4 if family == 4 else b.net6
        restore(w, family, """*filter
:INPUT ACCEPT
:FORWARD ACCEPT
:OUTPUT ACCEPT
:LIBVIRT_INP -
:LIBVIRT_OUT -
:LIBVIRT_FWI -
:LIBVIRT_FWO -
:LIBVIRT_FWX -
-A INPUT -j LIBVIRT_INP
-A OUTPUT -j LIBVIRT_OUT
-A FORWARD -j LIBVIRT_FWX
-A FORWARD -j LIBVIRT_FWI
-A FORWARD -j LIBVIRT_FWO
-A LIBVIRT_INP -i {name} -p udp -m udp --dport 53 -j ACCEPT
-A LIBVIRT_INP -i {name} -p tcp -m tcp --dport 53 -j ACCEPT
-A LIBVIRT_INP -i {name} -p udp -m udp --dport {dhcp} -j ACCEPT
-A LIBVIRT_OUT -o {name} -p udp -m udp --dport 53 -j ACCEPT
-A LIBVIRT_FWI -d {net} -o {name} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A LIBVIRT_FWI -o {name} -j REJECT
-A LIBVIRT_FWO -s {net} -i {name} -j ACCEPT
-A LIBVIRT_FWO -i {name} -j REJECT
-A LIBVIRT_FWX -i {name} -o {name} -j ACCEPT
COMMIT
*nat
:PREROUTING ACCEPT
:INPUT ACCEPT
:OUTPUT ACCEPT
:POSTROUTING ACCEPT
:LIBVIRT_PRT -
-A POSTROUTING -j LIBVIRT_PRT
-A LIBVIRT_PRT -s {net} -d {groups} -j RETURN
-A LIBVIRT_PRT -s {net} ! -d {net} -p tcp -j MASQUERADE --to-ports 1024-65535
-A LIBVIRT_PRT -s {net} ! -d {net} -p udp -j MASQUERADE --to-ports 1024-65535
-A LIBVIRT_PRT -s {net} ! -d {net} -j MASQUERADE
COMMIT
""".format(name=b.name, net=net, dhcp=67 if family == 4 else 547,
           groups="224.0.0.0/24" if family == 4 else "ff02::/16"))


def libvirt_nft(w, b):
    """A NAT network as libvirt 10.4 makes it, in tables of its own."""
    for ip, net, groups in (("ip", b.net4, "224.0.0.0/24"),
                            ("ip6", b.net6, "ff02::/16")):
        w.host.nft("""
table {ip} libvirt_network {{
	chain forward {{
		type filter hook forward priority filter; policy accept;
		counter jump guest_cross
		counter jump guest_input
		counter jump guest_output
	}}
	chain guest_cross {{
		iif "{name}" oif "{name}" counter accept
	}}
	chain guest_input {{
		oif "{name}" {ip} daddr {net} ct state established,related counter accept
		oif "{name}" counter reject
	}}
	chain guest_output {{
		{ip} saddr {net} iif "{name}" counter accept
		iif "{name}" counter reject
	}}
	chain guest_nat {{
		type nat hook postrouting priority srcnat; policy accept;
		{ip} saddr {net} {ip} daddr {groups} counter return
		meta l4proto tcp {ip} saddr {net} {ip} daddr != {net} counter masquerade to :1024-65535
		meta l4proto udp {ip} saddr {net} {ip} daddr != {net} counter masquerade to :1024-65535
		{ip} saddr {net} {ip} daddr != {net} counter masquerade
	}}
}}
""".format(ip=ip, name=b.name, net=net, groups=groups))


def forward_port(w, b, port, inner):
    """What an administrator's hook of libvirt adds: a port leads to a guest."""
    for ip, guest in (("ip", b.v4), ("ip6", b.v6)):
        w.host.nft("""
table %s hooked {
	chain pre {
		type nat hook prerouting priority dstnat; policy accept;
		fib daddr type local tcp dport %d dnat to %s
	}
}""" % (ip, port, end(guest, inner)))


PROXIES = (("iptables", kube_proxy_iptables), ("nftables", kube_proxy))
LIBVIRTS = (("iptables", libvirt_iptables), ("nftables", libvirt_nft))
