/* SPDX-License-Identifier: MIT */
/* The text of each error code. */

#include <private/error.h>

static const struct error_code error_table[] = {
    {ERR_OK, "no error"},
    {ERR_FAIL, "generic failure"},
    {ERR_NO_TASKS, "no task can ever run"},
    {ERR_KCB_ALLOC, "no memory for the kernel"},
    {ERR_TCB_ALLOC, "no memory for a task, or no entry"},
    {ERR_STACK_ALLOC, "no memory for a stack"},
    {ERR_TASK_CANT_REMOVE, "task cannot be removed"},
    {ERR_TASK_NOT_FOUND, "no such task"},
    {ERR_TASK_CANT_SUSPEND, "task cannot be suspended"},
    {ERR_TASK_CANT_RESUME, "task is not suspended"},
    {ERR_TASK_INVALID_PRIO, "no such priority"},
    {ERR_TASK_INVALID_ENTRY, "no such entry"},
    {ERR_TASK_BUSY, "in use"},
    {ERR_NOT_OWNER, "not the owner"},
    {ERR_STACK_CHECK, "stack overflow"},
    {ERR_HEAP_CORRUPT, "heap is corrupt"},
    {ERR_PIPE_ALLOC, "no memory for a pipe"},
    {ERR_PIPE_DEALLOC, "pipe cannot be freed"},
    {ERR_SEM_ALLOC, "no memory for a semaphore"},
    {ERR_SEM_DEALLOC, "semaphore cannot be freed"},
    {ERR_SEM_OPERATION, "bad object or call of a blocking operation"},
    {ERR_MQ_NOTEMPTY, "message queue is not empty"},
    {ERR_TIMEOUT, "time is up"},
    {ERR_UNKNOWN, "unknown"},
};

const struct error_code *const perror = error_table;
