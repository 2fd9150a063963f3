/* SPDX-License-Identifier: MIT */
/* Console hooks: where characters come from and go to. A board file may install its own; without
 * one the console uses the HAL's UART.
 *
 * The output hook runs with interrupts off, one character at a time: it must be short and must
 * not print. It returns a negative value when it cannot take the character yet; it is then
 * called again. */
#pragma once

#include <types.h>

void _stdout_install(int (*hook)(int ch)); /* NULL: back to the UART */
void _stdin_install(int (*hook)(void));    /* waits for a character and returns it */
void _stdpoll_install(int (*hook)(void));  /* non-zero when a character waits */

int _putchar(int ch);
int _getchar(void);
int _kbhit(void);
