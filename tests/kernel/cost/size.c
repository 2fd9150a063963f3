/* SPDX-License-Identifier: MIT */
/* Uses the calls whose code the size budget counts: create, yield, delay, semaphore, mutex, queue.
 */
#include <linmo.h>

static sem_t *sem;
static mutex_t lock;
static mq_t *mq;
static message_t message;

static void worker(void)
{
    for (;;) {
        mo_sem_wait(sem);
        mo_mutex_lock(&lock);
        mo_mutex_unlock(&lock);
        mo_mq_enqueue(mq, &message);
        mo_mq_receive(mq, 1);
        mo_sem_signal(sem);
        mo_task_delay(1);
        mo_task_yield();
    }
}

/* No system calls: so that the linker leaves them out, and what only they use. */
int32_t syscall_service(uint32_t number, uint32_t a0, uint32_t a1, uint32_t a2, uint32_t pc,
                        bool user)
{
    return 0;
}

int32_t app_main(void)
{
    sem = mo_sem_create(1, 1);
    mo_mutex_init(&lock);
    mq = mo_mq_create(4);
    mo_task_spawn(worker, 1024);
    return 1;
}
