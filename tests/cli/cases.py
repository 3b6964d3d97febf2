# SPDX-License-Identifier: GPL-2.0-or-later
"""What the command says and how it ends: a row is a test.

Every pattern is searched for in the whole of a stream, so a row states only
what matters to it. Files are made in an empty working directory.
"""
from dataclasses import dataclass, field


@dataclass
class Case:
    """One run of portwall."""

    name: str
    args: str
    status: int
    out: list = field(default_factory=list)     # regular expressions
    err: list = field(default_factory=list)
    not_out: list = field(default_factory=list)
    not_err: list = field(default_factory=list)
    files: dict = field(default_factory=dict)
    stdin: str = ""
    env: dict = field(default_factory=dict)
    silent_out: bool = False    # standard output stays empty
    silent_err: bool = False
    as_user: bool = False       # without any capability
    json: dict = None           # fields of the document


OK = "[allow ssh]\ntcp = 22\nfrom = 192.0.2.0/24\n\n[allow web]\ntcp = 80, 443\n"
BAD = """[addresses]
office = 203.0.113.0/24

[allow a]
tcp = 9000-80
from = 203.0.113.7

[allow b]
tcp = 22
from = offcie
"""
WARN = OK + "\n[allow old]\ntcp = 23\nuntil = 2001-01-01T00:00Z\n"
NAMES = """[addresses]
office = 203.0.113.0/24, 2001:db8:10::/48

[interfaces]
lan = eth1, wlan*

[allow ssh]
tcp = 22
from = office
rate = 6/minute per source

[allow web]
tcp = 80, 443, 8000-8080

[allow vpn]
protocol = esp
on = lan

[allow mdns]
udp = 5353
to = 224.0.0.251, ff02::fb
on = lan

[block bad]
from = 198.51.100.0/24, 192.0.2.1
except = 198.51.100.7
"""
LONG = "[allow web]\ntcp = " + ", ".join(
    str(p) for p in range(2000, 2400, 2)) + ", 70000\n"
MORE = OK.replace("443", "443, 8443") + "\n[policy]\nping = no\n"
MANY = "".join("[allow s%d]\ntcp = %d\n" % (i, 2 * i) for i in range(1, 60))
EVIL = b"[allow a]\ncomment = B\xc3\xbcro\n\x1b]0;x\x07tcp = 99999\n"

CASES = [
    # usage
    Case("no command is an error", "", 2, err=[r"^usage: portwall COMMAND"],
         silent_out=True),
    Case("help is a result", "--help", 0, silent_err=True,
         out=[r"^usage: portwall COMMAND", r"^  check ", r"^  show ",
              r"^  test ", r"^  apply ", r"^  status ", r"^  verify ",
              r"^  clear ", r"^  help "],
         not_out=[r"^  (prove|explain|audit|init)\b",
                  r"[^\n]{81}"]),
    Case("help of a command", "help apply", 0, silent_err=True,
         out=[r"^usage: portwall apply .*POLICY", r"--allow-lockout",
              r"-n, --dry-run"], not_out=[r"--strict", r"[^\n]{81}"]),
    Case("help of a command by its option", "check --help", 0,
         out=[r"^usage: portwall check", r"--strict"]),
    Case("help of an unknown command", "help aply", 2,
         err=[r"unknown command 'aply'", r"did you mean 'apply'\?"]),
    Case("version", "--version", 0, out=[r"\Aportwall \d+\.\d+\.\d+\n\Z"]),
    Case("unknown command", "chekc x.ini", 2, silent_out=True,
         err=[r"^portwall: unknown command 'chekc'\n"
              r" +did you mean 'check'\?"]),
    Case("unknown command, nothing near", "frobnicate", 2,
         err=[r"unknown command 'frobnicate'", r"portwall help"]),
    Case("unknown option", "check --strct ok.ini", 2, files={"ok.ini": OK},
         err=[r"unknown option --strct\n +did you mean --strict\?"],
         silent_out=True),
    Case("unknown letter", "check -z ok.ini", 2, err=[r"unknown option -z"]),
    Case("option of another command", "show --strict ok.ini", 2,
         files={"ok.ini": OK}, err=[r"show does not take --strict\n +see: portwall help show"]),
    Case("option that needs a value", "show ok.ini --as", 2,
         files={"ok.ini": OK}, err=[r"--as needs"]),
    Case("option with an empty value", "clear --run-dir=", 2,
         err=[r"^portwall: --run-dir needs DIR$"]),
    Case("option with a wrong value", "show --as xml ok.ini", 2,
         files={"ok.ini": OK}, err=[r"--as=xml.*table\|nft\|json\n\Z"]),
    Case("JSON as a format", "status --format=json", 2,
         err=[r"text\|prometheus\n +for JSON write --json"]),
    Case("flag with a value", "check --strict=yes ok.ini", 2,
         files={"ok.ini": OK}, err=[r"--strict takes no value"]),
    Case("too many arguments", "check ok.ini more.ini", 2,
         files={"ok.ini": OK}, err=[r"'more.ini'"]),
    Case("an escape in an argument is shown as text", "\x1b[31mx", 2,
         err=[r"'\\x1b\[31mx'"], not_err=["\x1b"]),
    Case("options may stand before the command", "--quiet check ok.ini", 0,
         files={"ok.ini": OK}, silent_out=True, silent_err=True),

    # plan
    Case("what opens and what closes", "plan --against ok.ini more.ini", 0,
         files={"ok.ini": OK, "more.ini": MORE}, silent_err=True,
         out=[r"\A  tcp/8443  anyone  closed   -> open    web     line 5\n"
              r"  ping      anyone  open     -> closed  \[policy\]\n\Z"]),
    Case("a section that is gone", "plan --against more.ini some.ini", 0,
         files={"some.ini": OK.partition("[allow web]")[0], "more.ini": MORE},
         out=[r"^  tcp/80,443,8443  anyone  open     -> closed  "
              r"\(section 'web' is gone\)$"]),
    Case("nothing changes", "plan --against ok.ini --exit-code ok.ini", 0,
         files={"ok.ini": OK}, out=[r"\Ano port changed\n\Z"],
         silent_err=True),
    Case("a change is an exit status", "plan --against ok.ini --exit-code "
         "more.ini", 1, files={"ok.ini": OK, "more.ini": MORE}),
    Case("so is a setting", "plan --against ok.ini --exit-code -", 1,
         files={"ok.ini": OK}, stdin="[policy]\ndhcp = no\n" + OK,
         out=[r"\A  dhcp: yes -> no\nno port changed\n\Z"]),
    Case("a plan of many lines is cut", "plan --against ok.ini many.ini", 0,
         files={"ok.ini": OK, "many.ini": MANY}, not_out=[r"[^\n]{81}"],
         out=[r"^  and \d+ more \(portwall plan --json has all\)$",
              r"\A(.*\n){41}\Z"]),
    Case("a block that ends one day", "plan --against - until.ini", 0,
         stdin=OK + "[block b]\ntcp = 80\non = eth0\n", files={
             "until.ini": OK + "[block b]\ntcp = 80\non = eth0\n"
                               "until = 2261-01-31T18:00Z\n"},
         out=[r"\A  tcp/80  anyone on eth0  closed   -> closed  web     "
              r"line 5\n          closed -> closed until 2261-01-31 18:00Z, "
              r"then\n? *unlimited\n\Z"]),
    Case("a quiet plan", "plan -q --against ok.ini --exit-code more.ini", 1,
         files={"ok.ini": OK, "more.ini": MORE}, silent_out=True,
         silent_err=True),
    Case("a plan as a document", "plan --against ok.ini more.ini --json", 0,
         files={"ok.ini": OK, "more.ini": MORE}, json={
             "command": "plan", "policy": "more.ini", "against": "ok.ini",
             "in_force": False, "changes": [
                 {"kind": "opens", "protocol": 6, "ping": False,
                  "ports": [[8443, 8443]], "from": None, "on": None,
                  "to": None, "before": "closed", "after": "open",
                  "text": None, "section": "web", "block": False,
                  "gone": False, "file": "more.ini", "line": 5},
                 {"kind": "closes", "protocol": None, "ping": True,
                  "ports": None, "from": None, "on": None, "to": None,
                  "before": "open", "after": "closed", "text": None,
                  "section": None}]}),
    Case("both policies can be wrong", "plan --against bad.ini ok.ini", 2,
         files={"ok.ini": OK, "bad.ini": BAD}, silent_out=True,
         err=[r"^bad.ini:10:8: error: "]),
    Case("both policies from standard input", "plan --against - -", 2,
         stdin=OK, silent_out=True, err=[r"standard input cannot be both"]),
    Case("what is in force cannot be seen by everybody", "plan ok.ini", 3,
         files={"ok.ini": OK}, as_user=True, silent_out=True,
         err=[r"^portwall: plan needs CAP_NET_ADMIN to see",
              r"portwall plan --against FILE ok.ini"]),
    Case("nothing is in force", "plan ok.ini", 0, files={"ok.ini": OK},
         out=[r"^  tcp/22 .* ssh     line 1$",
              r"^  everything else +anyone +open     -> closed$"],
         silent_err=True),

    # check
    Case("a right policy", "check ok.ini", 0, files={"ok.ini": OK},
         out=[r"\Aok.ini: ok: 2 sections, 1 address, [\d,]+ rules, proved\n\Z"],
         silent_err=True),
    Case("a right policy from standard input", "check -", 0, stdin=OK,
         out=[r"ok: 2 sections"]),
    Case("every error at once, each with its place", "check bad.ini", 2,
         files={"bad.ini": BAD}, silent_out=True,
         err=[r"^bad.ini:5:7: error: .*\n    5 \| tcp = 9000-80\n"
              r"      \|       \^~~~~~~\n      = write 80-9000\n",
              r"^bad.ini:10:8: error: .*'offcie'.*\n   10 \| from = offcie\n"
              r"      \|        \^~~~~~\n      = did you mean 'office'",
              r"^bad.ini: 2 errors; nothing was changed\n\Z"]),
    Case("one error is singular", "check bad.ini", 2,
         files={"bad.ini": "[allow a]\ntcp = 0x16\n"},
         err=[r"^bad.ini: 1 error; nothing was changed\n\Z"]),
    Case("a file that is not there", "check none.ini", 2, silent_out=True,
         err=[r"none.ini", r"none.ini: 1 error; nothing was changed\n\Z"]),
    Case("the default policy is named", "check", 2,
         err=[r"open /etc/portwall/policy.ini: No such file or directory\n"
              r" +write it, or name another file: portwall check FILE\n"]),
    Case("what is not printable is escaped", "check evil.ini", 2,
         files={"evil.ini": EVIL},
         err=[r"\\x1b\]0;x\\x07tcp"], not_err=["\x1b", "\x07"]),
    Case("a long line is cut around the place", "check long.ini", 2,
         files={"long.ini": LONG},
         err=[r"\n    2 \| \.\.\.[^\n]*, 70000\n      \| +\^~~~~\n"],
         not_err=[r"^ [^\n]{80}"]),
    Case("more errors than are shown", "check many.ini", 2,
         files={"many.ini": "[allow a]\n" + "tcp = 0\n" * 30},
         err=[r"many.ini: 30 errors, of which 20 are shown; nothing"]),
    Case("warnings do not fail", "check warn.ini", 0, files={"warn.ini": WARN},
         err=[r"^warn.ini:\d+:\d+: warning: "], out=[r"warn.ini: ok"]),
    Case("warnings fail with --strict", "check --strict warn.ini", 2,
         files={"warn.ini": WARN}, silent_out=True,
         err=[r"^warn.ini:\d+:\d+: warning: ",
              r"^warn.ini: 1 warning, and --strict was given\n\Z"]),
    Case("--strict is content without warnings", "check --strict ok.ini", 0,
         files={"ok.ini": OK}),
    Case("warnings are not printed with --quiet", "check -q warn.ini", 0,
         files={"warn.ini": WARN}, silent_out=True, silent_err=True),
    Case("check needs no privilege", "check ok.ini", 0, files={"ok.ini": OK},
         as_user=True, out=[r"proved"]),

    # colour
    Case("no colour in a file", "check bad.ini", 2, files={"bad.ini": BAD},
         not_err=["\x1b"]),
    Case("colour when asked for", "check --color=always bad.ini", 2,
         files={"bad.ini": BAD}, err=["\x1b\\[1;31merror\x1b\\[0m"]),
    Case("asked for beats NO_COLOR", "check --color=always bad.ini", 2,
         files={"bad.ini": BAD}, env={"NO_COLOR": "1"}, err=["\x1b"]),

    # JSON
    Case("check as a document", "check --json ok.ini", 0,
         files={"ok.ini": OK}, silent_err=True,
         json={"schema": 1, "command": "check", "exit": 0, "policy": "ok.ini",
               "sections": 2, "addresses": 1, "proved": True, "messages": []}),
    Case("schema comes first", "check --json ok.ini", 0, files={"ok.ini": OK},
         out=[r'\A\{\n  "schema": 1,\n  "command": "check",\n']),
    Case("errors as a document", "check --json bad.ini", 2,
         files={"bad.ini": BAD}, json={"exit": 2, "command": "check"},
         out=[r'"line": 5,\s+"column": 7,\s+"length": 7']),
    Case("a document of bytes that are no UTF-8", "check --json evil.ini", 2,
         files={"evil.ini": b"[allow a]\n\xff\xfe = 1\ntcp = 1\n"},
         json={"exit": 2}),
    Case("show as a document", "show --json names.ini", 0,
         files={"names.ini": NAMES},
         json={"schema": 1, "command": "show", "exit": 0, "default": "drop",
               "ping": True, "containers": "follow"}),

    # show
    Case("the port table", "show names.ini", 0, files={"names.ini": NAMES},
         out=[r"\Areachable +from +on +section +line\n"
              r"tcp 80, 443, 8000-8080 +anyone +any +web +12\n",
              r"^tcp 22 +office \(2 ranges\) +any +ssh +7\n"
              r" +6/minute per source\n",
              r"^esp +anyone +lan +vpn +15\n",
              r"^udp 5353 -> 224.0.0.251, ff02::fb +anyone +lan +mdns +19\n",
              r"^blocked: 198.51.100.0/24, 192.0.2.1 \(\d+ ranges, "
              r"except 198.51.100.7\) +24\n",
              r"^always: replies, ICMP errors, ND, MLD, IGMP, DHCP client, "
              r"ping\n",
              r"^everything else is dropped, on every protocol; container"],
         not_out=[r"[^\n]{81}"], silent_err=True),
    Case("what anyone may reach comes first", "show names.ini", 0,
         files={"names.ini": NAMES}, out=[r"(?s)\n(?=tcp 80).*\ntcp 22 "]),
    Case("a section of another file", "show main.ini", 0,
         files={"main.ini": "[policy]\ninclude = *.inc\n" + OK,
                "more.inc": "[allow more]\ntcp = 23\nrate = 3/hour\n"},
         out=[r"^tcp 23 .* more +1   3/hour, more.inc$",
              r"^tcp 22 .* ssh +3$"]),
    Case("blocks where the column of lines is out of reach", "show main.ini", 0,
         files={"main.ini": "[policy]\ninclude = *.inc\n" + OK +
                "\n[block far]\ntcp = 1-65535\nudp = all\nsctp = all\n"
                "from = 192.0.2.0/25\n",
                "more.inc": "[block b]\nfrom = 192.0.2.9\n"},
         out=[r"^blocked: tcp all, udp all, sctp all from 192.0.2.0/25, "
              r"line 10$",
              r"^blocked: 192.0.2.9, line 1 of more.inc$"]),
    Case("every port", "show all.ini", 0,
         files={"all.ini": "[allow a]\ntcp = all\n"}, out=[r"^tcp all "]),
    Case("a policy that opens nothing", "show none.ini", 0,
         files={"none.ini": "[policy]\nclosed = all\nping = no\ndhcp = no\n"
                "default = reject\ncontainers = ignore\n"},
         out=[r"\Areachable: nothing\n"
              r"always: replies, ICMP errors, ND, MLD, IGMP\n"
              r"everything else is refused, on every protocol; published "
              r"container ports are not\n  judged\n\Z"]),
    Case("as text for nft", "show --as nft ok.ini", 0, files={"ok.ini": OK},
         out=[r"(?m)^table inet portwall"], silent_err=True),
    Case("nft is no document", "show --as=nft --json ok.ini", 2,
         files={"ok.ini": OK}, err=[r"--json does not go with --as=nft"]),
    Case("as JSON for nft", "show --as=json ok.ini", 0, files={"ok.ini": OK},
         out=[r'\A{"nftables": \[\n{"metainfo": {"json_schema_version": 1}},',
              r'(?m)^{"add": {"table": {"family": "inet", "name": '
              r'"portwall"}}},$', r"\]}\n\Z"], silent_err=True),
    Case("JSON for nft is no document", "show --as=json --json ok.ini", 2,
         files={"ok.ini": OK}, err=[r"--json does not go with --as=json"]),
    Case("a name that JSON for nft cannot have", "show --as=json at.ini", 2,
         files={"at.ini": "[allow a]\ntcp = 1\non = @home\n"},
         silent_out=True, err=[r"no way to write interface '@home'",
                               r"--as=nft writes it as text"]),
    Case("show needs no privilege", "show ok.ini", 0, files={"ok.ini": OK},
         as_user=True, out=[r"^tcp 80, 443 "]),
    Case("show refuses a wrong policy", "show bad.ini", 2,
         files={"bad.ini": BAD}, silent_out=True,
         err=[r"bad.ini: 2 errors; nothing was changed"]),

    # privilege
    Case("apply without privilege", "apply ok.ini", 3, files={"ok.ini": OK},
         as_user=True, silent_out=True,
         err=[r"\Aportwall: apply needs CAP_NET_ADMIN; nothing was changed\n"
              r" {10}run it with sudo, [^\n]*\n\Z"]),
    Case("no privilege is told before the policy is read", "apply bad.ini", 3,
         files={"bad.ini": BAD}, as_user=True, not_err=[r"9000-80"]),
    Case("status without privilege", "status", 3, as_user=True,
         err=[r"\Aportwall: status needs CAP_NET_ADMIN\n"]),
    Case("clear without privilege", "clear --yes", 3, as_user=True,
         err=[r"clear needs CAP_NET_ADMIN; nothing was changed"]),
    Case("a refusal as a document", "apply --json ok.ini", 3,
         files={"ok.ini": OK}, as_user=True,
         json={"exit": 3, "command": "apply", "policy": "ok.ini"}),

    # a host without rules
    Case("apply refuses a wrong policy",
         "apply --insecure-permissions --run-dir run bad.ini", 2,
         files={"bad.ini": BAD}, silent_out=True,
         err=[r"bad.ini: 2 errors; nothing was changed\n\Z"]),
    Case("a trial cuts nothing", "apply --trial 60s --cut ok.ini", 2,
         silent_out=True, err=[r"portwall confirm --cut"]),
    Case("a trial of no time", "apply --trial 0s ok.ini", 2,
         silent_out=True, err=[r"--trial=0s: not a time"]),
    Case("a trial of a week", "apply --trial 7d ok.ini", 2,
         silent_out=True, err=[r"--trial=7d: at most 1d"]),
    Case("open without privilege", "open tcp/22 --for 1h", 3, as_user=True,
         err=[r"open needs CAP_NET_ADMIN; nothing was changed"]),
    Case("open without a policy in force",
         "open tcp/22 --for 1h --run-dir run", 3,
         err=[r"no policy is in force: portwall closes no port"]),
    Case("close without a policy in force", "close --all --run-dir run", 3,
         err=[r"no policy is in force"]),
    Case("open without a time", "open tcp/22", 2,
         err=[r"open needs --for: how long", r"--for 30m"]),
    Case("open for no time", "open tcp/22 --for soon", 2,
         err=[r"--for=soon: not a time", r"90s, 15m, 2h or 1d"]),
    Case("open for too long", "open tcp/22 --for 31d", 2,
         err=[r"--for=31d: at most 30d"]),
    Case("open what?", "open --for 1h", 2, err=[r"open: which port\?"]),
    Case("open no port", "open tcp/0 --for 1h", 2,
         err=[r"'tcp/0': ports are 1 to 65535"]),
    Case("open a port that is too large", "open udp/65536 --for 1h", 2,
         err=[r"'udp/65536': ports are 1 to 65535"]),
    Case("open a range that runs backwards", "open tcp/9-8 --for 1h", 2,
         err=[r"'tcp/9-8': the range runs backwards"]),
    Case("open half a range", "open tcp/9- --for 1h", 2,
         err=[r"'tcp/9-': ports are"]),
    Case("open a protocol without ports", "open icmp/8 --for 1h", 2,
         err=[r"'icmp/8' does not begin with tcp/, udp/ or sctp/"]),
    Case("open a protocol alone", "open tcp --for 1h", 2,
         err=[r"'tcp' does not begin with tcp/"]),
    Case("open an unknown service", "open tcp/nosuch --for 1h", 2,
         err=[r"'tcp/nosuch': no such service in /etc/services\n\Z"]),
    Case("open a list of ports", "open tcp/80,443 --for 1h", 2,
         err=[r"'tcp/80,443': .*\n +write a word for each: tcp/80 tcp/443"]),
    Case("open too many ports", "open tcp/1-1000 udp/1-25 --for 1h", 2,
         err=[r"1025 ports are too many: at most 1024"]),
    Case("open too many ports for two sources",
         "open tcp/1-600 --for 1h --from 10.0.0.1 --from 10.0.0.2", 2,
         err=[r"1200 ports are too many"]),
    Case("open for a name", "open tcp/22 --for 1h --from office", 2,
         err=[r"--from=office: not an address or prefix",
              r"names of the policy's \[addresses\] are not known"]),
    Case("open for a range of addresses",
         "open tcp/22 --for 1h --from 10.0.0.1-10.0.0.3", 2,
         err=[r"a range is no prefix"]),
    Case("open for an odd prefix",
         "open tcp/22 --for 1h --from 10.0.0.1/8", 2,
         err=[r"bits are set behind the prefix"]),
    Case("open on a glob", "open tcp/22 --for 1h --on br-*", 2,
         err=[r"--on=br-\*: not the name of one interface"]),
    Case("close what?", "close", 2, err=[r"close: which port\?"]),
    Case("close all of a port", "close --all tcp/22", 2,
         err=[r"close --all takes no ports"]),
    Case("close takes no time", "close tcp/22 --for 1h", 2,
         err=[r"close does not take --for"]),
    Case("clear does not open ports unasked", "clear --run-dir run", 2,
         silent_out=True, err=[r"--yes"]),
    Case("nothing to clear", "clear --yes --run-dir run", 0,
         out=[r"nothing to clear"]),
    Case("nothing in force", "status", 1, out=[r"nothing is in force"]),
    Case("nothing in force as a document", "status --json", 1,
         json={"schema": 1, "command": "status", "exit": 1,
               "in_force": False}),

    # test: sends nothing here, tests/rehearse does
    Case("a rehearsal that is computed", "test --computed ok.ini", 0,
         files={"ok.ini": OK}, silent_err=True, as_user=True,
         out=[r"\Asandbox: ", r"^as the policy says: computed, not sent$"],
         not_out=[r"[^\n]{81}", r"VIOLATION"]),
    Case("a rehearsal as a document", "test --computed --json ok.ini", 0,
         files={"ok.ini": OK}, silent_err=True,
         json={"exit": 0, "command": "test", "policy": "ok.ini",
               "compared_with": "ok.ini"}),
    Case("nothing is said of a good rehearsal when quiet",
         "test --computed --quiet ok.ini", 0, files={"ok.ini": OK},
         silent_err=True, silent_out=True),
    Case("a wrong policy is not rehearsed", "test bad.ini", 2,
         files={"bad.ini": BAD}, silent_out=True,
         err=[r"^bad.ini:5:", r"^bad.ini: 2 errors; nothing was changed$"]),
    Case("interfaces of this host mean nothing to a rehearsal",
         "test --computed iface.ini", 0, silent_err=True,
         files={"iface.ini": "[allow a]\ntcp = 22\non = nowhere0\n"}),
    Case("a report without an ending", "test --report=report ok.ini", 2,
         files={"ok.ini": OK}, silent_out=True,
         err=[r"\Aportwall: report 'report': .*\n"
              r" +name it \*\.xml .*\*\.tap .*\*\.sarif [^\n]*\n\Z"]),
    Case("a report nowhere", "test --report=no/such/x.xml ok.ini", 2,
         files={"ok.ini": OK}, silent_out=True,
         err=[r"\Aportwall: report 'no/such/x.xml' cannot be written: [^\n]*\n"
              r"\Z"]),
    Case("each report is looked at", "test --report=x.xml --report=y ok.ini",
         2, files={"ok.ini": OK}, silent_out=True, err=[r"report 'y'"]),
    Case("a seed is a number", "test --seed=-1 ok.ini", 2,
         files={"ok.ini": OK}, err=[r"--seed=-1: not a number from 1 to"]),
    Case("rate is not for test", "test --rate=5 ok.ini", 2,
         err=[r"test does not take --rate"]),

    # verify: without privilege loopback alone is looked at
    Case("verify without privilege", "verify ok.ini", 0, files={"ok.ini": OK},
         as_user=True, out=[r"^not looked at: interfaces"]),
    Case("verify without privilege and policy", "verify", 4, as_user=True,
         err=[r"is not to be seen without CAP_NET_ADMIN"]),
    Case("a target is no own address", "verify --target=127.0.0.1", 2,
         silent_out=True, err=[r"127.0.0.1 is an address of this host"]),
    Case("a wrong policy is not verified", "verify bad.ini", 2,
         files={"bad.ini": BAD}, silent_out=True,
         err=[r"^bad.ini: 2 errors; nothing was changed$"]),
    Case("a target is an address", "verify --target=example.net", 2,
         as_user=True, silent_out=True,
         err=[r"--target=example.net: not an address"]),
    Case("a target is one address", "verify --target=192.0.2.0/24", 2,
         silent_out=True, err=[r"not an address"]),
    *(Case("a target is one host: " + addr, "verify --target=" + addr, 2,
           silent_out=True,
           err=[r"--target=%s: not the address of one host" % addr])
      for addr in ("0.0.0.0", "224.0.0.1", "255.255.255.255", "::", "ff02::1",
                   "fe80::1")),
    Case("source and target are of one family",
         "verify --target=192.0.2.1 --source=2001:db8::1", 2, silent_out=True,
         err=[r"--source=2001:db8::1: 192.0.2.1 is of the other family"]),
    Case("all targets are read before the first is probed",
         "verify --target=127.0.0.1 --target=x", 2, silent_out=True,
         err=[r"--target=x: not an address"]),
    Case("a source needs a target", "verify --source=192.0.2.1", 2,
         silent_out=True, err=[r"--source needs --target"]),
    Case("a rate needs a target", "verify --rate=7", 2, silent_out=True,
         err=[r"--rate needs --target"]),
    Case("no rate of nothing", "verify --target=127.0.0.1 --rate=0", 2,
         err=[r"--rate=0: not a number from 1 to 1000000"]),
    Case("targets are probed whole", "verify --full --target=192.0.2.1", 2,
         silent_out=True, err=[r"--full does not go with --target"]),
]
