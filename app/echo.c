/* SPDX-License-Identifier: MIT */
/* Reads lines from the console, sends them through a pipe, and prints what comes out. An empty
 * line is sent as well: the pipe refuses a length of 0, and that does no harm. The line "quit"
 * ends it. */
#include <linmo.h>

static pipe_t *pipe1;
static volatile bool ending;

static int32_t read_line(char *line, int32_t size)
{
    int32_t length = 0;
    for (;;) {
        char ch = (char) getchar();
        if (ch == '\r' || ch == '\n')
            return length;
        if (length < size)
            line[length++] = ch;
    }
}

void task1(void)
{
    char line[64];

    printf("type lines; quit ends\n");
    for (;;) {
        memset(line, 0, sizeof(line));
        int32_t length = read_line(line, sizeof(line) - 1);
        if (!strcmp(line, "quit"))
            break;
        mo_pipe_write(pipe1, line, (uint16_t) length);
        mo_task_yield();
    }
    ending = true;
}

void task0(void)
{
    char text[64];

    while (!ending || mo_pipe_size(pipe1) > 0) {
        memset(text, 0, sizeof(text));
        int32_t length = mo_pipe_size(pipe1);
        if (length > 0) {
            mo_pipe_read(pipe1, text, (uint16_t) (length < 63 ? length : 63));
            printf("echo: %s\n", text);
        }
        mo_task_yield();
    }
    printf("echo: PASS\n");
}

int32_t app_main(void)
{
    pipe1 = mo_pipe_create(64);
    mo_task_spawn(task1, DEFAULT_STACK_SIZE);
    mo_task_spawn(task0, DEFAULT_STACK_SIZE);
    return 1;
}
