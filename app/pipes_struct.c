/* SPDX-License-Identifier: MIT */
/* Structures through a pipe. The receiver watches mo_pipe_size without giving the hart up, so
 * the bytes arrive only because the sender gets its slices. */
#include <linmo.h>

#define ROUNDS 5

struct sample {
    int32_t number;
    uint32_t square;
    char name[16];
};

static pipe_t *pipe1;
static int32_t right;

void task1(void)
{
    struct sample sample;
    for (int32_t round = 0; round < ROUNDS; round++) {
        sample.number = round;
        sample.square = (uint32_t) (round * round);
        snprintf(sample.name, sizeof(sample.name), "sample %d", round);
        mo_pipe_write(pipe1, (char *) &sample, sizeof(sample));
        delay_ms(20);
    }
}

void task0(void)
{
    struct sample sample;
    for (int32_t round = 0; round < ROUNDS; round++) {
        while (mo_pipe_size(pipe1) < (int32_t) sizeof(sample)) {
        }
        mo_pipe_read(pipe1, (char *) &sample, sizeof(sample));
        printf("%s: %ld squared is %lu\n", sample.name, sample.number, sample.square);
        right += sample.number == round && sample.square == (uint32_t) (round * round);
    }
    printf("pipes_struct: %s\n", right == ROUNDS ? "PASS" : "FAIL");
}

int32_t app_main(void)
{
    pipe1 = mo_pipe_create(64);
    mo_task_spawn(task0, DEFAULT_STACK_SIZE);
    mo_task_spawn(task1, DEFAULT_STACK_SIZE);
    return 1;
}
