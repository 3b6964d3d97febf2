# SPDX-License-Identifier: GPL-2.0-or-later
# Packer: rehearse the policy in the machine that becomes the image, and do not
# make the image when a port is not as the policy says. The machine's own network
# is neither read nor touched by the rehearsal.

variable "policy" {
  type    = string
  default = "policy.ini"
}

variable "portwall_source" {
  type        = string
  description = "portwall's sources, unpacked"
}

variable "host" {
  type = string
}

# Your own source takes its place
source "null" "server" {
  ssh_host     = var.host
  ssh_username = "root"
}

build {
  sources = ["source.null.server"]

  provisioner "file" {
    source      = var.portwall_source
    destination = "/tmp/portwall-source"
  }

  provisioner "file" {
    source      = var.policy
    destination = "/tmp/policy.ini"
  }

  provisioner "shell" {
    inline = [
      "sh /tmp/portwall-source/scripts/deps.sh run",
      "make -s -C /tmp/portwall-source -j2",
      "make -s -C /tmp/portwall-source install",
      "portwall check --strict /tmp/policy.ini",
      "portwall test --report=/tmp/portwall.xml /tmp/policy.ini",
      "install -D -m 644 /tmp/policy.ini /etc/portwall/policy.ini",
    ]
  }

  provisioner "file" {
    direction   = "download"
    source      = "/tmp/portwall.xml"
    destination = "portwall.xml"
  }

  # A build that fails leaves its report, too
  error-cleanup-provisioner "file" {
    direction   = "download"
    source      = "/tmp/portwall.xml"
    destination = "portwall.xml"
  }
}
