/* SPDX-License-Identifier: MIT */
/* Strings, memory, numbers, lists and rings: each function against its documented result, memory
 * functions against byte loops for all small sizes and alignments. */
#include "verdict.h"

static void test_memory(void)
{
    char from[48], to[48], twin[48];
    for (uint32_t a = 0; a < 4; a++)
        for (uint32_t b = 0; b < 4; b++)
            for (uint32_t count = 0; count < 20; count++) {
                for (uint32_t k = 0; k < sizeof(from); k++) {
                    from[k] = (char) (k * 7 + 1);
                    to[k] = twin[k] = (char) (200 - k);
                }
                for (uint32_t k = 0; k < count; k++)
                    twin[b + k] = from[a + k];
                CHECK(memcpy(to + b, from + a, count) == to + b);
                CHECK(memcmp(to, twin, sizeof(to)) == 0);
                for (uint32_t k = 0; k < count; k++)
                    twin[a + k] = (char) 0xee;
                memset(to + a, 0x1ee, count);
                CHECK(memcmp(to, twin, sizeof(to)) == 0);
            }
}

static void test_overlap(void)
{
    char line[40], twin[40];
    for (uint32_t a = 0; a < 12; a++)
        for (uint32_t b = 0; b < 12; b++) {
            for (uint32_t k = 0; k < sizeof(line); k++)
                line[k] = (char) (k + 1);
            for (uint32_t k = 0; k < 20; k++)
                twin[k] = line[a + k];
            memmove(line + b, line + a, 20);
            CHECK(memcmp(line + b, twin, 20) == 0);
        }
    CHECK(memcmp("ab\xff", "ab\x01", 3) > 0);
    CHECK(memcmp("abc", "abd", 2) == 0);
}

static void test_strings(void)
{
    char line[40];
    CHECK_EQ(strlen(""), 0);
    CHECK(!strcmp(strcpy(line, "abc"), "abc"));
    CHECK(!strcmp(strcat(line, "def"), "abcdef"));
    CHECK(!strcmp(strncat(line, "ghijk", 2), "abcdefgh"));
    strncpy(line, "xy", 5);
    CHECK(!memcmp(line, "xy\0\0\0f", 6));
    strncpy(line, "12345", 2);
    CHECK(!memcmp(line, "12\0", 3));
    strncpy(line, "zzz", -1);
    CHECK(line[0] == '1');
    CHECK(strcmp("a", "b") < 0 && strcmp("b", "a") > 0 && strcmp("ab", "a") > 0);
    CHECK(strcmp("\x80", "\x7f") > 0);
    CHECK(strncmp("abc", "abd", 2) == 0 && strncmp("abc", "abd", 3) < 0);
    CHECK(strncmp("a", "a\0b", 3) == 0);
}

static void test_search(void)
{
    const char *line = "one two two";
    CHECK(strchr(line, 't') == line + 4);
    CHECK(strchr(line, '\0') == line + 11);
    CHECK(!strchr(line, 'z'));
    CHECK(strstr(line, "two") == line + 4);
    CHECK(strstr(line, "") == line);
    CHECK(!strstr(line, "twos"));
    CHECK(strpbrk(line, "wt") == line + 4);
    CHECK(!strpbrk(line, "xyz"));
}

static void test_tokens(void)
{
    char line[] = ",a,,bc;d", fields[] = "x,,y", *rest, *at = fields;
    CHECK(!strcmp(strtok_r(line, ",;", &rest), "a"));
    CHECK(!strcmp(strtok_r(NULL, ",;", &rest), "bc"));
    CHECK(!strcmp(strtok_r(NULL, ",;", &rest), "d"));
    CHECK(!strtok_r(NULL, ",;", &rest));
    CHECK(!strtok_r(NULL, ",;", &rest));
    CHECK(!strcmp(strsep(&at, ","), "x"));
    CHECK(!strcmp(strsep(&at, ","), ""));
    CHECK(!strcmp(strsep(&at, ","), "y"));
    CHECK(!strsep(&at, ","));
    char words[] = "p q";
    CHECK(!strcmp(strtok(words, " "), "p") && !strcmp(strtok(NULL, " "), "q"));
}

static void test_numbers(void)
{
    char *stop, text[40];
    CHECK_EQ(strtol("  -123x", &stop, 10), -123);
    CHECK(*stop == 'x');
    CHECK_EQ(strtol("0x1F", NULL, 0), 31);
    CHECK_EQ(strtol("0x1F", NULL, 16), 31);
    CHECK_EQ(strtol("017", NULL, 0), 15);
    CHECK_EQ(strtol("zz", NULL, 36), 35 * 36 + 35);
    CHECK_EQ(strtol("99999999999", NULL, 10), INT32_MAX);
    CHECK_EQ(strtol("-99999999999", NULL, 10), INT32_MIN);
    CHECK_EQ(strtol("-2147483648", NULL, 10), INT32_MIN);
    CHECK_EQ(strtol("0xg", &stop, 0), 0);
    CHECK(*stop == 'x');
    const char *none = "none";
    CHECK_EQ(strtol(none, &stop, 10), 0);
    CHECK(stop == none);
    CHECK_EQ(atoi("+7"), 7);
    CHECK_EQ(abs(-5), 5);
    itoa(-255, text, 10);
    CHECK(!strcmp(text, "-255"));
    itoa(INT32_MIN, text, 10);
    CHECK(!strcmp(text, "-2147483648"));
    itoa(-1, text, 16);
    CHECK(!strcmp(text, "ffffffff"));
    itoa(5, text, 2);
    CHECK(!strcmp(text, "101"));
    itoa(5, text, 1);
    CHECK(!strcmp(text, ""));
}

static void test_classes(void)
{
    int32_t evaluated = 0;
    for (int32_t ch = 0; ch < 256; ch++) {
        bool upper = ch >= 'A' && ch <= 'Z', lower = ch >= 'a' && ch <= 'z';
        bool digit = ch >= '0' && ch <= '9';
        CHECK(!!isupper(ch) == upper && !!islower(ch) == lower && !!isdigit(ch) == digit);
        CHECK(!!isalpha(ch) == (upper || lower) && !!isalnum(ch) == (upper || lower || digit));
        CHECK(!!isprint(ch) == (ch >= 32 && ch < 127));
        CHECK(!!isspace(ch) == (ch == ' ' || (ch >= 9 && ch <= 13)));
    }
    CHECK(isalnum((evaluated++, 'a')) && isspace((evaluated++, ' ')));
    CHECK_EQ(evaluated, 2);
    CHECK(htons(0x1234) == 0x3412 && ntohl(0x12345678) == 0x78563412);
    CHECK(htonll(0x0102030405060708ULL) == 0x0807060504030201ULL);
}

static void test_random(void)
{
    struct random_data state = {5};
    int32_t value, first;
    CHECK_EQ(random_r(NULL, &value), -1);
    CHECK_EQ(random_r(&state, NULL), -1);
    srand(99);
    first = random();
    for (int32_t k = 0; k < 1000; k++) {
        value = random();
        CHECK(value >= 0 && value <= RAND_MAX);
    }
    srand(99);
    CHECK_EQ(random(), first);
}

static list_node_t *find_two(list_node_t *node, void *arg)
{
    ++*(int32_t *) arg;
    return node->data == (void *) 2 ? node : NULL;
}

static void test_lists(void)
{
    int32_t visited = 0;
    list_t *list = list_create();
    CHECK(list_is_empty(list) && list_is_empty(NULL) && !list_pop(list) && !list_next(NULL));
    list_node_t *one = list_pushback(list, (void *) 1);
    list_node_t *two = list_pushback(list, (void *) 2);
    list_node_t *three = list_pushback(list, (void *) 3);
    CHECK_EQ(list->length, 3);
    CHECK(list_next(list->head) == one && list_next(three) == list->tail);
    CHECK(list_cnext(list, one) == two && list_cnext(list, three) == one);
    CHECK(list_foreach(list, find_two, &visited) == two && visited == 2);
    CHECK(list_remove(list, two) == (void *) 2 && !list_remove(list, list->tail));
    CHECK(list_pop(list) == (void *) 1);
    CHECK_EQ(list->length, 1);
    list_clear(list);
    CHECK(list_is_empty(list));
    list_destroy(list);
}

static void test_rings(void)
{
    CHECK(!queue_create(0) && !queue_create(-3));
    for (int32_t n = 1; n <= 17; n++) {
        queue_t *q = queue_create(n);
        int32_t stored = 0;
        while (queue_enqueue(q, (void *) (intptr_t) (stored + 1)) == ERR_OK)
            stored++;
        CHECK(stored >= n && queue_is_full(q));
        CHECK_EQ(queue_count(q), stored);
        CHECK_EQ(queue_destroy(q), ERR_FAIL);
        for (int32_t k = 1; k <= stored; k++)
            CHECK(queue_peek(q) == (void *) k && queue_dequeue(q) == (void *) k);
        CHECK(!queue_dequeue(q) && !queue_peek(q) && queue_is_empty(q));
        CHECK_EQ(queue_destroy(q), ERR_OK);
    }
    CHECK_EQ(queue_destroy(NULL), ERR_FAIL);
}

int32_t app_main(void)
{
    heap_info_t before, after;
    mo_heap_walk(&before);
    test_memory();
    test_overlap();
    test_strings();
    test_search();
    test_tokens();
    test_numbers();
    test_classes();
    test_random();
    test_lists();
    test_rings();
    mo_heap_walk(&after);
    CHECK_EQ(after.used_bytes, before.used_bytes);
    verdict("text");
    return 0;
}
