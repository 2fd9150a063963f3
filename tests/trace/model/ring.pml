/* SPDX-License-Identifier: MIT */
/* The recorder's ring as a Promela model: reservation, publication, block change, overwriting, one-shot, clear of
 * nothing, and a reader that looks at any instant. It follows trace/trace_rv32.h and trace/trace_rv32.S store by store;
 * spin visits every interleaving.
 *
 * Three contexts write: a task (level 0), a handler that interrupts it anywhere (level 1), and one that interrupts
 * that (level 2). Levels 0 and 1 use the restartable writer, level 2 the plain one, because nothing interrupts it.
 * A trap sends an interrupted writer back to its start, unless its event is committed; one that stands between the
 * stores of tail and head is finished by the trap.
 *
 * Memory is counted in units: a slot is one, a payload word is one, a header none. head and tail are absolute units.
 * Events are numbered when they are committed (ghost `order`), so a reader can be checked against what really
 * happened. What is checked at every instant, by look():
 *   R1  every slot that the reader takes holds the event with that number: nothing torn, moved, doubled or out of order
 *   R2  survivors and losses add up: committed = number of the oldest that can be read + events that can be read
 *       (+ lost_full in one-shot mode)
 *   R3  payload words of what can be read are those of its slots
 *   R4  what can be read has no hole
 *   R5  when nobody writes, everything asked for was committed, or counted as lost
 *
 * MUTANT=1..4 breaks the design in one place each; spin must find it, or the checks above see nothing.
 *
 * run.sh runs it; what it does not prove: Documentation/DESIGN.md. */

#ifndef MUTANT
#define MUTANT 0
#endif
#ifndef BLOCKS
#define BLOCKS 2
#endif
#ifndef SIZE
#define SIZE 3 /* units of a block; the largest event has 2 */
#endif
#ifndef TASK_EVENTS
#define TASK_EVENTS 4
#endif
#ifndef ISR_EVENTS
#define ISR_EVENTS 3
#endif
#ifndef NEST_EVENTS
#define NEST_EVENTS 1
#endif
#define EVENTS (TASK_EVENTS + ISR_EVENTS + NEST_EVENTS)
#define UNITS (BLOCKS * SIZE)
#define NOWHERE 99 /* TRACE_NO_HEAD: above every tail */
#define NO_TAIL 0  /* below every place a head can be: heads and tails are counted from 1 */
#define BASE(b) (1 + (b) * SIZE)
#define NO_BLOCK 77

/* the control block */
byte head = BASE(0);
byte tail = BASE(0) + SIZE;
byte block = 0;
byte lost_full = 0;

/* the blocks: header, and what stands in each unit (an event's identity, 0 nothing) */
byte slots[BLOCKS];
byte words[BLOCKS];
byte first[BLOCKS]; /* event_seq */
bool valid[BLOCKS]; /* magic */
byte unit[UNITS + 2];

/* ghosts */
byte order[EVENTS + 1]; /* identity of the n-th committed event */
bool wide[EVENTS + 1];  /* by identity: does it have a payload word */
byte committed = 0;
byte asked = 0;
bool quiet = false; /* the task has written all it wanted */

/* who runs: the highest level that is active */
byte level = 0;
bool kicked[2];  /* the writer of this level must start over */
bool inside[2];  /* tp != 0 */
bool between[2]; /* tail is stored, head is not */
byte pending[2]; /* t4: what head will be */
byte pending_id[2];

inline commit(id, value)
{
    head = value;
    order[committed] = id;
    committed++;
}

/* What trap entry does to the writer it interrupts (trace_rv32_restart). */
inline trap(who)
{
    if
    :: inside[who] && between[who] && MUTANT != 1 ->
        commit(pending_id[who], pending[who]);
        inside[who] = false; between[who] = false; kicked[who] = true
    :: inside[who] && (!between[who] || MUTANT == 1) -> kicked[who] = true
    :: else -> skip
    fi
}

/* One instruction of level `me`: it happens only while nobody interrupts, and not after a trap. */
#define RUN(me) (level == me)
#define STEP(me, action) \
    atomic { RUN(me) -> if :: me < 2 && kicked[me % 2] -> kicked[me % 2] = false; goto again :: else -> action fi }

/* A writer. The labels are those of the assembly; n is 0 or 1 payload word. */
#define WRITER(me, many) \
    byte h, t, n, b, c, u, w, id; \
    byte done_ = 0; \
next: \
    if \
    :: done_ == many -> goto finished \
    :: else -> atomic { RUN(me) -> asked++; id = asked; done_++; \
               if :: n = 0 :: n = 1 fi; wide[id] = (n == 1); if :: me < 2 -> kicked[me % 2] = false; inside[me % 2] = true :: else fi } \
    fi; \
again: \
    atomic { RUN(me) -> if \
        :: me < 2 && !inside[me % 2] -> goto next /* committed by the trap, or lost and counted */ \
        :: else -> if :: me < 2 -> kicked[me % 2] = false :: else fi; h = head fi } \
    STEP(me, t = tail); \
    STEP(me, skip; if :: h + 1 > t || t - n < h + 1 -> goto room :: else fi); \
store: \
    STEP(me, skip; if :: n == 1 -> unit[t - 1] = id :: else fi); \
    STEP(me, unit[h] = id); \
    if \
    :: n == 1 -> STEP(me, tail = t - 1; if :: me < 2 -> between[me % 2] = true; pending[me % 2] = h + 1; pending_id[me % 2] = id :: else fi) \
    :: else \
    fi; \
    STEP(me, commit(id, h + 1); if :: me < 2 -> inside[me % 2] = false; between[me % 2] = false :: else fi); \
    goto next; \
room: \
    STEP(me, b = block); \
    if \
    :: b == NO_BLOCK -> goto count \
    :: else \
    fi; \
    if \
    :: t < h -> goto not_open \
    :: else \
    fi; \
    u = h - BASE(b); w = BASE(b) + SIZE - t; \
    STEP(me, slots[b] = u; words[b] = w); /* one store: both are in one word */ \
    STEP(me, if :: MUTANT == 2 -> skip :: else -> tail = NO_TAIL fi); \
closing: \
    if \
    :: b + 1 < BLOCKS -> c = b + 1 \
    :: else -> goto wrap \
    fi; \
change: \
    STEP(me, if :: MUTANT == 4 -> skip :: else -> slots[c] = 0; words[c] = 0 fi); \
    STEP(me, first[c] = first[b] + u + (MUTANT == 3)); \
    STEP(me, valid[c] = true); \
    STEP(me, head = BASE(c)); \
    STEP(me, block = c); \
current: \
    STEP(me, tail = BASE(c) + SIZE); \
    h = BASE(c); t = BASE(c) + SIZE; \
    goto store; \
not_open: \
    if \
    :: h == BASE(b) -> c = b; goto current \
    :: else \
    fi; \
    STEP(me, u = slots[b]); \
    goto closing; \
wrap: \
    WRAP(me) \
count: \
    STEP(me, lost_full++; if :: me < 2 -> inside[me % 2] = false :: else fi); \
    goto next; \
finished: \
    skip

#ifdef ONE_SHOT
#define WRAP(me) \
    STEP(me, tail = NO_TAIL); \
    STEP(me, head = NOWHERE); \
    STEP(me, block = NO_BLOCK);
#else
#define WRAP(me) c = 0; goto change;
#endif

proctype nested()
{
    WRITER(2, NEST_EVENTS);
    atomic { level == 2 -> level = 1 }
}

proctype handler()
{
    WRITER(1, ISR_EVENTS);
    atomic { level == 1 -> level = 0 }
}

proctype task()
{
    WRITER(0, TASK_EVENTS);
    atomic { level == 0 -> quiet = true }
}

/* The interrupts: at any instant, each once. */
proctype interrupt()
{
    atomic { level == 0 -> trap(0); level = 1; run handler() }
}

proctype interrupt_again()
{
    atomic { level == 1 -> trap(1); level = 2; run nested() }
}

/* How many events a block offers, by SPEC.md, section 3. */
inline readable(b, count, payload)
{
    bool changing = !(block != NO_BLOCK && tail >= BASE(block) && tail <= BASE(block) + SIZE);
    count = 0; payload = 0;
    if
    :: !valid[b] -> skip
    :: valid[b] && b == block && !changing ->
        count = head - BASE(b); payload = BASE(b) + SIZE - tail
    :: else -> count = slots[b]; payload = words[b]
    fi
}

/* R1 to R4, at one instant. */
proctype reader()
{
    byte b, i, n, p, owned, total, oldest, newest;
    end: do
    :: atomic {
        b = 0; total = 0; oldest = 255; newest = 0;
        do
        :: b < BLOCKS ->
            readable(b, n, p);
            i = 0; owned = 0;
            do
            :: i < n ->
                assert(first[b] + i < committed);                         /* R1 */
                assert(unit[BASE(b) + i] == order[first[b] + i]);
                if
                :: wide[unit[BASE(b) + i]] ->
                    owned++;
                    assert(unit[BASE(b) + SIZE - owned] == unit[BASE(b) + i]) /* R3 */
                :: else
                fi;
                i++
            :: else -> break
            od;
            assert(owned <= p);
            total = total + n;
            if
            :: n > 0 && first[b] < oldest -> oldest = first[b]
            :: else
            fi;
            if
            :: n > 0 && first[b] + n > newest -> newest = first[b] + n
            :: else
            fi;
            b++
        :: else -> break
        od;
        if
        :: total > 0 -> assert(newest - oldest == total); assert(newest == committed) /* R2, R4 */
        :: else -> assert(committed == 0)
        fi;
        assert(!quiet || level > 0 || asked == committed + lost_full); /* R5 */
        b = 0; i = 0; n = 0; p = 0; owned = 0; total = 0; oldest = 0; newest = 0
    }
    od
}

init {
    atomic {
        valid[0] = true;
        run task(); run reader(); run interrupt(); run interrupt_again()
    }
}

