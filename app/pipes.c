/* SPDX-License-Identifier: MIT */
/* Two tasks send texts to each other through two pipes. Reads and writes block until all bytes
 * have moved. */
#include <linmo.h>

#define ROUNDS 5
#define TEXT "a text through the pipe"
#define ANSWER "and an answer back"

static pipe_t *pipe1, *pipe2;
static int32_t right;

void task1(void)
{
    char text[64];
    for (int32_t round = 0; round < ROUNDS; round++) {
        mo_pipe_write(pipe1, TEXT, (uint16_t) strlen(TEXT));
        memset(text, 0, sizeof(text));
        mo_pipe_read(pipe2, text, (uint16_t) strlen(ANSWER));
        printf("task1 got \"%s\"\n", text);
        right += !strcmp(text, ANSWER);
    }
    printf("pipes: %s\n", right == 2 * ROUNDS ? "PASS" : "FAIL");
}

void task0(void)
{
    char text[64];
    for (int32_t round = 0; round < ROUNDS; round++) {
        memset(text, 0, sizeof(text));
        mo_pipe_read(pipe1, text, (uint16_t) strlen(TEXT));
        printf("task0 got \"%s\"\n", text);
        right += !strcmp(text, TEXT);
        mo_pipe_write(pipe2, ANSWER, (uint16_t) strlen(ANSWER));
    }
}

int32_t app_main(void)
{
    pipe1 = mo_pipe_create(32);
    pipe2 = mo_pipe_create(32);
    mo_task_spawn(task0, DEFAULT_STACK_SIZE);
    mo_task_spawn(task1, DEFAULT_STACK_SIZE);
    return 1;
}
