/* SPDX-License-Identifier: MIT */
/* The printf table (format_rows.h), printed for comparison with the host's libc, and what only the
 * kernel's language says: cuts, widths of text, dropped letters, and argument sizes (kernel-faults
 * A18). */
#include "verdict.h"

static void same(const char *expected, int32_t length, const char *got)
{
    CHECK_EQ(length, strlen(expected));
    if (strcmp(expected, got))
        printf("expected \"%s\", got \"%s\"\n", expected, got);
    CHECK(!strcmp(expected, got));
}

#define SAME(expected, ...)                                                \
    do {                                                                   \
        char text[300];                                                    \
        same(expected, snprintf(text, sizeof(text), __VA_ARGS__), text);   \
    } while (0)

static void test_own_language(void)
{
    SAME("-  42", "%5d", -42);
    SAME("-42", "%2d", -42);
    SAME("00ff", "%04X", 255);
    SAME("    abcd", "%p", (void *) 0xabcd);
    SAME("       0", "%p", NULL);
    SAME("0000abcd", "%08p", (void *) 0xabcd);
    SAME("<NULL>", "%s", (char *) NULL);
    SAME("ab", "%2s", "abcdef");
    SAME("ab   |", "%5s|", "ab");
    SAME("", "%q");
    SAME("5d", "%-5d", 7);
    SAME("d", "%hd", 7);
    SAME("3 ", "%d %", 3);
    SAME("255 ff", "%ld %lx", 255L, 255L);
    SAME("7 8", "%ls %d", "7", 8);
}

static void test_limits(void)
{
    char text[8];
    memset(text, '#', sizeof(text));
    CHECK_EQ(snprintf(text, 4, "%d", 123456), 6);
    CHECK(!strcmp(text, "123") && text[4] == '#');
    CHECK_EQ(snprintf(text, 1, "abc"), 3);
    CHECK(text[0] == '\0');
    CHECK_EQ(snprintf(NULL, 0, "%s", "four"), 4);
    CHECK_EQ(snprintf(NULL, 5, "x"), -1);
    CHECK_EQ(snprintf(text, sizeof(text), "%100000d", 1), 100000);
    CHECK(!strcmp(text, "       "));
    CHECK_EQ(snprintf(text, sizeof(text), NULL), -1);
}

static void test_cuts(void)
{
    char text[301];
    memset(text, 'y', sizeof(text));
    text[300] = '\0';
    CHECK_EQ(printf("%s", text), 300); /* prints 255 */
    printf("\n");
    CHECK_EQ(puts(text), 0); /* prints 254 */
}

int32_t app_main(void)
{
    char text[300];
#define ROW(format, ...)                                                               \
    printf("%s\n", (snprintf(text, sizeof(text), "row " format, __VA_ARGS__), text));
#include "format_rows.h"
    test_own_language();
    test_limits();
    test_cuts();
    verdict("format");
    return 0;
}
