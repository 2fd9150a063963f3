/* SPDX-License-Identifier: MIT */
/* Deferred text: mo_logger_enqueue returns at once and task 1 writes the text later. printf and
 * puts do not use this queue's room: they write before they return, after everything that was
 * queued before them. */
#pragma once

#include <lib/libc.h>

#define LOG_QSIZE 8
#define LOG_ENTRY_SZ 128

/* Called once by the kernel: creates task 1. ERR_OK, or ERR_FAIL the second time. */
int32_t mo_logger_init(void);

/* Queues a copy of the first 127 of `length` characters. ERR_OK; ERR_TASK_BUSY when full
 * (counted as a drop); ERR_FAIL for NULL or length 0. In direct mode writes at once. Task,
 * app_main or interrupt handler. */
int32_t mo_logger_enqueue(const char *text, uint16_t length);

uint32_t mo_logger_queue_depth(void);   /* entries not yet written */
uint32_t mo_logger_dropped_count(void); /* entries refused because the queue was full */
bool mo_logger_direct_mode(void);       /* between flush and async_resume */

void mo_logger_flush(void);        /* writes all that is queued, then direct mode */
void mo_logger_async_resume(void); /* back to queueing */
