/* SPDX-License-Identifier: MIT */
/* Pipes: sizes and refusals; a long random stream that must arrive byte for byte; many writers and
 * readers, whose bytes may interleave but not be lost; blocked users that leave the hart free
 * (kernel-faults B19), are flushed, cancelled, suspended. */
#include "verdict.h"

#include <lib/libc.h> /* min */

#define STREAM 50000

static pipe_t *pipe1;
static volatile int32_t finished;
static uint8_t byte_at(uint32_t at)
{
    return (uint8_t) (at * 31 + (at >> 8));
}

static void test_sizes(void)
{
    static const uint16_t asked[] = {0, 1, 4, 5, 100, 32768, 65535};
    static const int32_t given[] = {4, 4, 4, 8, 128, 32768, 32768};
    for (uint32_t k = 0; k < ARRAY_SIZE(asked); k++) {
        pipe_t *p = mo_pipe_create(asked[k]);
        CHECK_EQ(mo_pipe_capacity(p), given[k]);
        CHECK_EQ(mo_pipe_free_space(p), given[k]);
        char byte = 1;
        for (int32_t n = 0; n < given[k]; n++)
            CHECK_EQ(mo_pipe_nbwrite(p, &byte, 1), 1);
        CHECK_EQ(mo_pipe_nbwrite(p, &byte, 1), 0);
        CHECK_EQ(mo_pipe_size(p), given[k]);
        mo_pipe_flush(p);
        CHECK_EQ(mo_pipe_size(p), 0);
        CHECK_EQ(mo_pipe_destroy(p), ERR_OK);
    }
}

static void test_refusals(void)
{
    pipe_t fake = {NULL, 0, 0, 0, 0, 0};
    char byte = 0;
    CHECK_EQ(mo_pipe_destroy(NULL), ERR_OK);
    CHECK_EQ(mo_pipe_destroy(&fake), ERR_FAIL);
    CHECK_EQ(mo_pipe_size(NULL), -1);
    CHECK_EQ(mo_pipe_capacity(&fake), -1);
    CHECK_EQ(mo_pipe_free_space(&fake), -1);
    CHECK_EQ(mo_pipe_read(pipe1, &byte, 0), ERR_FAIL);
    CHECK_EQ(mo_pipe_read(pipe1, NULL, 1), ERR_FAIL);
    CHECK_EQ(mo_pipe_write(NULL, &byte, 1), ERR_FAIL);
    CHECK_EQ(mo_pipe_nbread(&fake, &byte, 1), ERR_FAIL);
    CHECK_EQ(mo_pipe_nbread(pipe1, &byte, 1), 0);
    mo_pipe_flush(NULL);
}

static void stream_writer(void)
{
    uint32_t seed = 5, at = 0;
    char chunk[100];
    while (at < STREAM) {
        uint32_t count = min(1 + dice(&seed, sizeof(chunk)), STREAM - at);
        for (uint32_t k = 0; k < count; k++)
            chunk[k] = (char) byte_at(at + k);
        if (dice(&seed, 4) == 0) {
            at += (uint32_t) mo_pipe_nbwrite(pipe1, chunk, (uint16_t) count);
        } else {
            CHECK_EQ(mo_pipe_write(pipe1, chunk, (uint16_t) count), count);
            at += count;
        }
        if (dice(&seed, 50) == 0)
            mo_task_wfi();
    }
    finished++;
}

static void stream_reader(void)
{
    uint32_t seed = 9, at = 0, wrong = 0;
    char chunk[100];
    while (at < STREAM) {
        uint32_t count = min(1 + dice(&seed, sizeof(chunk)), STREAM - at);
        if (dice(&seed, 4) == 0)
            count = (uint32_t) mo_pipe_nbread(pipe1, chunk, (uint16_t) count);
        else
            CHECK_EQ(mo_pipe_read(pipe1, chunk, (uint16_t) count), count);
        for (uint32_t k = 0; k < count; k++)
            wrong += (uint8_t) chunk[k] != byte_at(at + k);
        at += count;
        if (dice(&seed, 50) == 0)
            mo_task_wfi();
    }
    CHECK_EQ(wrong, 0);
    finished++;
}

static void wait_for(int32_t count)
{
    while (finished < count)
        mo_task_delay(1);
    finished = 0;
}

static void test_stream(uint16_t size)
{
    pipe1 = mo_pipe_create(size);
    mo_task_spawn(stream_writer, 1024);
    mo_task_spawn(stream_reader, 1024);
    wait_for(2);
    CHECK_EQ(mo_pipe_size(pipe1), 0);
    CHECK_EQ(mo_pipe_destroy(pipe1), ERR_OK);
}

/* Each writer sends its own byte a known number of times; the readers count what they see. */
#define SENDERS 3
#define SENT 3000
static uint32_t seen[SENDERS];
static int32_t next_sender;

static void sender(void)
{
    char chunk[30];
    memset(chunk, next_sender++, sizeof(chunk));
    for (uint32_t sent = 0; sent < SENT; sent += sizeof(chunk))
        mo_pipe_write(pipe1, chunk, sizeof(chunk));
    finished++;
}

static void counter(void)
{
    char chunk[45];
    for (uint32_t taken = 0; taken < SENDERS * SENT / 2; taken += sizeof(chunk)) {
        mo_pipe_read(pipe1, chunk, sizeof(chunk));
        for (uint32_t k = 0; k < sizeof(chunk); k++)
            seen[(uint8_t) chunk[k] % SENDERS]++;
    }
    finished++;
}

static void test_many(void)
{
    pipe1 = mo_pipe_create(16);
    for (int32_t k = 0; k < SENDERS; k++) {
        mo_task_spawn(sender, 1024);
        mo_task_wfi(); /* it has taken its number */
    }
    mo_task_spawn(counter, 1024);
    mo_task_spawn(counter, 1024);
    wait_for(SENDERS + 2);
    for (int32_t k = 0; k < SENDERS; k++)
        CHECK_EQ(seen[k], SENT);
    CHECK_EQ(mo_pipe_destroy(pipe1), ERR_OK);
}

static char received[8];

static void reader(void)
{
    mo_pipe_read(pipe1, received, 6);
    finished++;
}

static void writer(void)
{
    mo_pipe_write(pipe1, "abcdefghijkl", 12);
    finished++;
}

static volatile uint32_t idle_rounds;

static void low_spinner(void)
{
    for (;;)
        idle_rounds++;
}

static void test_hart_is_free(void)
{
    int32_t spinner = mo_task_spawn(low_spinner, 1024);
    mo_task_priority((uint16_t) spinner, TASK_PRIO_IDLE);
    mo_task_spawn(reader, 1024);
    mo_task_delay(1);
    uint32_t before = idle_rounds, ticks = mo_ticks();
    mo_task_delay(10);
    CHECK_EQ(mo_ticks() - ticks, 10);
    CHECK(idle_rounds - before > 1000); /* the waiting reader takes nothing */
    mo_task_cancel((uint16_t) spinner);
    CHECK_EQ(mo_pipe_destroy(pipe1), ERR_TASK_BUSY);
    mo_pipe_write(pipe1, "abc", 3);
    mo_task_delay(1);
    CHECK_EQ(finished, 0); /* three of six */
    mo_pipe_write(pipe1, "defg", 4);
    wait_for(1);
    CHECK(!memcmp(received, "abcdef", 6));
    CHECK_EQ(mo_pipe_size(pipe1), 1);
    mo_pipe_flush(pipe1);
}

static void test_flush_with_writers(void)
{
    char rest[8];
    mo_task_spawn(writer, 1024); /* 12 bytes into 8 */
    mo_task_delay(1);
    CHECK_EQ(mo_pipe_size(pipe1), 8);
    mo_pipe_flush(pipe1); /* throws 8 away, the writer's last 4 come in */
    wait_for(1);
    CHECK_EQ(mo_pipe_read(pipe1, rest, 4), 4);
    CHECK(!memcmp(rest, "ijkl", 4));
    CHECK_EQ(mo_pipe_size(pipe1), 0);
}

static void test_cancel_and_suspend(void)
{
    char rest[12];
    int32_t one = mo_task_spawn(writer, 1024);
    mo_task_delay(1);
    int32_t two = mo_task_spawn(writer, 1024);
    mo_task_delay(1);
    CHECK_EQ(mo_task_cancel((uint16_t) one), ERR_OK); /* its last 4 bytes go with it */
    CHECK_EQ(mo_task_suspend((uint16_t) two), ERR_OK);
    CHECK_EQ(mo_pipe_read(pipe1, rest, 8), 8);
    CHECK(!memcmp(rest, "abcdefgh", 8));
    CHECK_EQ(mo_pipe_size(pipe1), 8); /* from the suspended writer */
    CHECK_EQ(mo_pipe_read(pipe1, rest, 12), 12);
    CHECK(!memcmp(rest, "abcdefghijkl", 12));
    mo_task_delay(2);
    CHECK_EQ(finished, 0);
    CHECK_EQ(mo_task_resume((uint16_t) two), ERR_OK);
    wait_for(1);
}

void test_runner(void)
{
    test_stream(4);
    test_stream(16);
    test_stream(256);
    test_many();
    pipe1 = mo_pipe_create(8);
    test_hart_is_free();
    test_flush_with_writers();
    test_cancel_and_suspend();
    CHECK_EQ(mo_pipe_destroy(pipe1), ERR_OK);
    verdict("pipe");
}

int32_t app_main(void)
{
    pipe1 = mo_pipe_create(8);
    test_sizes();
    test_refusals();
    mo_pipe_destroy(pipe1);
    mo_task_spawn(test_runner, 2048);
    return 1;
}
