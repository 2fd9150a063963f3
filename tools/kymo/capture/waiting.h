/* SPDX-License-Identifier: MIT */
/* Says on stderr who waits for what, if at the end of this trace all tasks of the application wait.
 */
#ifndef KYMO_CAPTURE_WAITING_H
#define KYMO_CAPTURE_WAITING_H
void capture_tell_waiting(const char *path);
#endif
