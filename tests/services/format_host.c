/* SPDX-License-Identifier: MIT */
/* The printf table as the host's libc prints it. */
#include <stdio.h>

int main(void)
{
    char text[300];
#define ROW(format, ...)                                       \
    snprintf(text, sizeof(text), "row " format, __VA_ARGS__);  \
    puts(text);
#include "format_rows.h"
    return 0;
}
