/* SPDX-License-Identifier: MIT */
/* Misuse of the heap: one letter typed chooses which; each must end in the panic that names the
 * heap, not in silence. */
#include "verdict.h"

static void misuse(int which)
{
    char *one = malloc(40), *two = malloc(40);
    char local[64];
    switch (which) {
    case 'a': /* twice */
        free(one);
        free(one);
        break;
    case 'b': /* not a block's start */
        free(one + 8);
        break;
    case 'c': /* not in the heap */
        free(local + 8);
        break;
    case 'd': /* written past the end */
        memset(one, 0x5a, 48);
        free(one);
        break;
    case 'e': /* the neighbour notices as well */
        memset(one, 0x5a, 48);
        free(two);
        break;
    case 'f': /* freed, then resized */
        free(two);
        two = realloc(two, 100);
        break;
    case 'g': /* odd address */
        free(one + 1);
        break;
    case 'h': /* freed after its neighbours have swallowed it */
        free(one);
        free(two);
        free(two);
        break;
    }
    printf("nothing noticed %c\n", which);
}

int32_t app_main(void)
{
    misuse(getchar());
    power_off(1);
    return 0;
}
