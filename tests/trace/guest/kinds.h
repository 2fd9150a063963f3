/* SPDX-License-Identifier: MIT */
/* What the guest's interrupt handler does; known to guest and test. */
enum handler_kinds {
    KIND_NARROW, /* one event of 8 bytes */
    KIND_MIX,    /* 0, 2, 3 and 0 payload words */
    KIND_LAP,    /* more than the whole ring */
    KIND_STOP,   /* stops the recorder */
    KIND_ANY,    /* writers for tasks, interrupts on: may be interrupted itself */
    KIND_TOGGLE, /* changes the class mask and back */
    KINDS,
    KIND_LAP_EVENTS = 60,
};
