/* SPDX-License-Identifier: MIT */
/* Messages that are larger than the pipe: the writer blocks again and again while the reader
 * makes room. */
#include <linmo.h>

#define ROUNDS 5
#define LENGTH 40
#define FORMAT "round %d of a message in many pieces"

static pipe_t *pipe1;
static int32_t right;

void task1(void)
{
    char text[LENGTH + 1];
    for (int32_t round = 0; round < ROUNDS; round++) {
        memset(text, '.', sizeof(text));
        snprintf(text, sizeof(text), FORMAT, round);
        text[strlen(text)] = '.';
        mo_pipe_write(pipe1, text, LENGTH);
    }
}

void task0(void)
{
    char text[LENGTH + 1], expected[LENGTH + 1];
    for (int32_t round = 0; round < ROUNDS; round++) {
        memset(text, 0, sizeof(text));
        mo_pipe_read(pipe1, text, LENGTH);
        printf("%s\n", text);
        int32_t length = snprintf(expected, sizeof(expected), FORMAT, round);
        right += !strncmp(text, expected, length) && strlen(text) == LENGTH;
    }
    printf("pipes_small: %s\n", right == ROUNDS ? "PASS" : "FAIL");
}

int32_t app_main(void)
{
    pipe1 = mo_pipe_create(4);
    mo_task_spawn(task0, DEFAULT_STACK_SIZE);
    mo_task_spawn(task1, DEFAULT_STACK_SIZE);
    return 1;
}
