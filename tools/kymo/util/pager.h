/* SPDX-License-Identifier: MIT */
/* Long output on a terminal goes through the user's pager, as man(1) does it. */
#ifndef KYMO_PAGER_H
#define KYMO_PAGER_H

/* If standard output is a terminal and KYMO_PAGER, PAGER or less(1) can be run, standard output is
 * its input from now on. KYMO_PAGER or PAGER empty or "cat": no pager. */
void pager_begin(void);
/* Ends standard output and waits for the pager; nothing if there is none. After the last output. */
void pager_end(void);

#endif
