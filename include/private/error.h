/* SPDX-License-Identifier: MIT */
/* Error codes of the kernel, and the text of each. Compare names, never numbers: they change
 * when a code is added. */
#pragma once

#include <types.h>

enum {
    ERR_OK = 0,
    ERR_FAIL = -1,

    ERR_NO_TASKS = -16383,  /* nothing to run */
    ERR_KCB_ALLOC,          /* no memory for the kernel's control block */
    ERR_TCB_ALLOC,          /* no memory for a task's control block */
    ERR_STACK_ALLOC,        /* no memory for a task's stack */
    ERR_TASK_CANT_REMOVE,   /* the task may not be cancelled */
    ERR_TASK_NOT_FOUND,     /* no task has this id */
    ERR_TASK_CANT_SUSPEND,  /* the task may not be suspended */
    ERR_TASK_CANT_RESUME,   /* the task is not suspended */
    ERR_TASK_INVALID_PRIO,  /* not one of the eight priorities */
    ERR_TASK_INVALID_ENTRY, /* the entry is no code address */
    ERR_TASK_BUSY,          /* in use, held or full */
    ERR_NOT_OWNER,          /* the caller does not own the mutex */
    ERR_STACK_CHECK,        /* a stack canary is gone */
    ERR_HEAP_CORRUPT,       /* a broken heap header, or a pointer that is no block */
    ERR_PIPE_ALLOC,
    ERR_PIPE_DEALLOC,
    ERR_SEM_ALLOC,
    ERR_SEM_DEALLOC,
    ERR_SEM_OPERATION, /* a blocking call on a broken object, or more waiters than allowed */
    ERR_MQ_NOTEMPTY,   /* a message queue still holds messages */
    ERR_TIMEOUT,       /* the time was up first */
    ERR_UNKNOWN,       /* last */
};

struct error_code {
    int32_t code;
    char *const desc;
};

/* One entry per code; the last one is ERR_UNKNOWN. */
extern const struct error_code *const perror;
