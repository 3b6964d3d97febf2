/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a service manager is told: sd_notify(3), protocol only. */
#ifndef CLI_NOTIFY_H
#define CLI_NOTIFY_H

/* Half of WATCHDOG_USEC in milliseconds, 0: nobody waits for a sign of life */
unsigned int notify_watchdog_ms(void);

/* "READY=1\nSTATUS=..": does nothing where nobody listens */
void notify_send(const char *text);

#endif
