/* SPDX-License-Identifier: MIT */
/* Computes in app_main, before any task runs: app_main may take its time. Counts primes with a
 * sieve, and checks the result against the known number. */
#include <linmo.h>

#define LIMIT 200000
#define PRIMES 17984

static uint8_t sieve[LIMIT / 8 + 1];

static bool marked(uint32_t number)
{
    return sieve[number / 8] >> (number % 8) & 1;
}

static int32_t count_primes(void)
{
    int32_t count = 0;
    for (uint32_t number = 2; number < LIMIT; number++) {
        if (marked(number))
            continue;
        count++;
        for (uint32_t multiple = 2 * number; multiple < LIMIT; multiple += number)
            sieve[multiple / 8] |= (uint8_t) (1 << multiple % 8);
    }
    return count;
}

void idle_task(void)
{
    mo_task_wfi();
}

int32_t app_main(void)
{
    mo_task_spawn(idle_task, DEFAULT_STACK_SIZE);

    uint32_t before = (uint32_t) mo_uptime();
    int32_t primes = count_primes();
    uint32_t took = (uint32_t) mo_uptime() - before;
    printf("%ld primes below %ld in %lu ms\n", primes, (int32_t) LIMIT, took);
    printf("cpubench: %s\n", primes == PRIMES ? "PASS" : "FAIL");
    return 1;
}
