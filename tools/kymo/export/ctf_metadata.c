/* SPDX-License-Identifier: MIT */
/* The metadata of a CTF export: the text that tells a reader what ctf.c wrote. */
#include "ctf.h"

static const char head[] =
    "/* CTF 1.8 */\n/* " CTF_MARK " */\n"
    "typealias integer { size = 8; align = 8; signed = false; } := u8;\n"
    "typealias integer { size = 16; align = 8; signed = false; } := u16;\n"
    "typealias integer { size = 32; align = 8; signed = false; } := u32;\n"
    "typealias integer { size = 32; align = 8; signed = false; base = 16; } := x32;\n"
    "typealias integer { size = 32; align = 8; signed = true; } := i32;\n"
    "typealias integer { size = 64; align = 8; signed = false; } := u64;\n"
    "typealias integer { size = 8; align = 8; signed = true; encoding = UTF8; } := ch;\n"
    "trace {\n\tmajor = 1;\n\tminor = 8;\n\tbyte_order = le;\n"
    "\tpacket.header := struct { u32 magic; u32 stream_id; };\n};\n";

static const char stream[] = "typealias integer { size = 32; align = 8; signed = false; map = "
                             "clock.kymo.value; } := stamp32;\n"
                             "typealias integer { size = 64; align = 8; signed = false; map = "
                             "clock.kymo.value; } := stamp64;\n"
                             "stream {\n\tid = 0;\n"
                             "\tpacket.context := struct { stamp64 timestamp_begin; stamp64 "
                             "timestamp_end; u64 content_size; u64 packet_size;\n"
                             "\t\tu64 packet_seq_num; u64 events_discarded; u32 cpu_id; };\n"
                             "\tevent.header := struct { u16 id; stamp32 timestamp; };\n};\n";

static const struct {
    unsigned id;
    const char *name, *fields;
} known[] = {
    {CTF_SWITCH, "sched_switch",
     "ch _prev_comm[16]; i32 _prev_tid; i32 _prev_prio; i32 _prev_state; ch _next_comm[16]; i32 "
     "_next_tid; i32 _next_prio;"},
    {CTF_WAKING, "sched_waking", "ch _comm[16]; i32 _tid; i32 _prio; i32 _target_cpu;"},
    {CTF_IRQ_IN, "irq_handler_entry", "i32 _irq; string _name;"},
    {CTF_IRQ_OUT, "irq_handler_exit", "i32 _irq; i32 _ret;"},
    {CTF_SETPRIO, "sched_pi_setprio", "ch _comm[16]; i32 _tid; i32 _oldprio; i32 _newprio;"},
    {CTF_EXIT, "sched_process_exit", "ch _comm[16]; i32 _tid; i32 _prio;"},
    {CTF_STATEDUMP, "lttng_statedump_process_state",
     "i32 _tid; i32 _vtid; i32 _pid; i32 _vpid; i32 _ppid; i32 _vppid; ch _name[16]; i32 _type; "
     "i32 _mode; i32 _submode; "
     "i32 _status; i32 _ns_level; u32 _cpu;"},
    {CTF_LOST, "kymo_lost",
     "u64 _since; enum : u8 { overwritten = 0, full = 1, stopped = 2, masked = 3, transport = 4, "
     "damaged = 5 } _cause; "
     "u64 _events;"},
};

static void event(struct xp_out *o, unsigned id, const char *prefix, const char *name,
                  const char *fields)
{
    xp_out_printf(o, "event { id = %u; stream_id = 0; name = \"%s%.200s\"; fields := struct { %s",
                  id, prefix, name, fields);
}

static const char *type_of(const char *type)
{
    static const char *const hex[] = {"obj", "code", "addr", "hex", "tag", "text"};
    if (strcmp(type, "result") == 0)
        return "i32";
    for (size_t i = 0; i < sizeof hex / sizeof *hex; i++)
        if (strcmp(type, hex[i]) == 0)
            return "x32";
    return "u32";
}

static void own(struct xp_out *o, const struct kymo_event_desc *d)
{
    event(o, CTF_OWN + d->code, "kymo_", d->name, "");
    for (unsigned i = 0; i < d->fields && i < CTF_FIELDS; i++) {
        const struct kymo_field *f = &d->field[i];
        if (f->kind == 'M')
            xp_out_printf(o, "u8 __%.100s_count; %s _%.100s[__%.100s_count]; ", f->name,
                          type_of(f->type), f->name, f->name);
        else
            xp_out_printf(o, "%s _%.100s; ", type_of(f->type), f->name);
        if (f->kind != 'M' && ctf_has_text(f->type))
            xp_out_printf(o, "string _%.100s_name; ", f->name);
    }
    xp_puts(o, ctf_has_message(d) ? "string _message; }; };\n" : "}; };\n");
}

/* A quoted string of TSDL from bytes the reader has cleaned already; quotes and backslashes would
 * end it. */
static void env_text(struct xp_out *o, const char *key, const char *s)
{
    xp_out_printf(o, "\t%s = \"", key);
    for (; s && *s; s++)
        xp_putc(o, *s == '"' || *s == '\\' || (unsigned char)*s < 0x20 ? '?' : *s);
    xp_puts(o, "\";\n");
}

void ctf_metadata(struct xp_out *o, const kymo_trace *t)
{
    const struct kymo_info *info = kymo_get_info(t);
    xp_puts(o, head);
    xp_puts(o, "env {\n\tdomain = \"kernel\";\n\ttracer_name = \"lttng-modules\";\n\ttracer_major "
               "= 2;\n\ttracer_minor = 13;\n"
               "\ttracer_patchlevel = 0;\n\tsysname = \"Kymo\";\n");
    env_text(o, "hostname", info->image);
    env_text(o, "kernel_release", info->build_id);
    env_text(o, "kymo_clock", info->clock);
    xp_out_printf(o, "\tkymo_clock_hz = %llu;\n", (unsigned long long)info->clock_hz);
    xp_puts(
        o, "};\nclock {\n\tname = \"kymo\";\n\tuuid = \"6b796d6f-0000-4000-8000-000000000001\";\n");
    uint64_t hz = info->clock_hz ? info->clock_hz * ctf_scale(t) : 1000000000u;
    xp_out_printf(o, "\tdescription = \"time since reset\";\n\tfreq = %llu;\n\toffset = 0;\n};\n",
                  (unsigned long long)hz);
    xp_puts(o, stream);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        event(o, known[i].id, "", known[i].name, known[i].fields);
        xp_puts(o, " }; };\n");
    }
    const struct kymo_event_desc *last = NULL;
    for (unsigned c = 0; c < 256; c++) {
        const struct kymo_event_desc *d = kymo_describe(t, (uint8_t)c);
        if (d && (!last || d->code != last->code))
            own(o, d);
        last = d;
    }
}
