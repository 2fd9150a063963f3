/* SPDX-License-Identifier: MIT */
/* `kymo recover`: makes a trace of memory, or of what a drain sent. What a ring held when a machine
 * stopped is in any picture of its RAM: a file that QEMU used as RAM, an ELF core (QEMU's
 * dump-guest-memory, a debugger's gcore), the raw bytes that a debugger read. The image says where
 * to look and what the bytes mean.
 *
 * Image and memory must belong together: the recorder's table hash must be that of the image's
 * table, and where the memory holds the image's read-only code, it must be the same code. Else the
 * answer would be a guess, so it is an error. */
#include "command.h"
#include "image.h"
#include "lib/container.h"
#include "lib/private.h"
#include "ring.h"
#include "stream.h"
#include "writer.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <getopt.h>
#include <inttypes.h>
#include <libelf.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char help[] =
    "usage: kymo recover [OPTIONS] IMAGE MEMORY\n"
    "\n"
    "Makes a trace of what the ring held in a picture of the target's memory: a file that was\n"
    "QEMU's RAM, an ELF core, or raw bytes; or of the bytes that a drain on the target sent.\n"
    "IMAGE is the ELF that ran.\n"
    "\n"
    "  -o, --output FILE  the trace; default: name of MEMORY, with .kymo, in this folder\n"
    "  --base ADDR        address of the first byte of raw MEMORY (default 0x80000000)\n"
    "  --clock-hz N       counts of the recorder's clock a second (default: 1000000000, or\n"
    "                     10000000 if the image stamps with mtime)\n"
    "\n"
    "example: kymo recover build/image.elf core.1234 -o crash.kymo\n";

enum { STREAM_MAX = 1 << 30 };

struct recover {
    const char *image_path, *memory_path, *out;
    uint32_t base;
    uint64_t clock_hz;
    struct capture_image image;
    struct capture_ram ram;
    uint8_t *bytes; /* of ram */
    struct capture_writer w;
    bool stream; /* `memory` is none: it is what a drain sent */
};

static int parse(struct recover *r, int argc, char **argv)
{
    static const struct option longs[] = {{"output", 1, NULL, 'o'},
                                          {"base", 1, NULL, 'b'},
                                          {"clock-hz", 1, NULL, 'c'},
                                          {"help", 0, NULL, 'h'},
                                          {0}};
    char *end = (char *)"";
    optind = 1;
    for (int k; (k = getopt_long(argc, argv, "o:h", longs, NULL)) != -1;) {
        switch (k) {
        case 'o': r->out = optarg; break;
        case 'b': r->base = (uint32_t)strtoul(optarg, &end, 0); break;
        case 'c': r->clock_hz = strtoull(optarg, &end, 10); break;
        case 'h': fputs(help, stdout); return 1;
        default: return KYMO_EXIT_FAILED;
        }
        if (*end || (k == 'c' && r->clock_hz == 0))
            return kymo_fail("recover", "`%s` is no number", optarg);
    }
    if (optind + 2 != argc)
        return kymo_fail("recover",
                         "an image and its memory are needed; `kymo recover --help` says more");
    r->image_path = argv[optind];
    r->memory_path = argv[optind + 1];
    return 0;
}

/* ---- memory ---- */

/* Copies what of [addr, addr + length) is RAM. */
static void place(struct recover *r, uint64_t addr, const uint8_t *data, uint64_t length)
{
    uint64_t begin = CAPTURE_RAM_BASE, end = begin + r->ram.size;
    uint64_t from = addr > begin ? addr : begin, to = addr + length < end ? addr + length : end;
    if (from < to)
        memcpy(r->bytes + (from - begin), data + (from - addr), to - from);
}

static bool is_elf(const uint8_t *data, uint64_t length)
{
    return length > SELFMAG && memcmp(data, ELFMAG, SELFMAG) == 0;
}

/* Calls `each` for every loadable segment that lies whole in the file. */
static int segments(Elf *e, uint64_t size, struct recover *r,
                    int (*each)(struct recover *r, const GElf_Phdr *p, const uint8_t *data),
                    const uint8_t *data)
{
    size_t n = 0;
    if (elf_getphdrnum(e, &n))
        return -1;
    for (size_t i = 0; i < n; i++) {
        GElf_Phdr p;
        if (!gelf_getphdr(e, (int)i, &p) || p.p_type != PT_LOAD || p.p_offset > size ||
            p.p_filesz > size - p.p_offset)
            continue;
        int bad = each(r, &p, data + p.p_offset);
        if (bad)
            return bad;
    }
    return 0;
}

static int load_segment(struct recover *r, const GElf_Phdr *p, const uint8_t *data)
{
    place(r, p->p_paddr ? p->p_paddr : p->p_vaddr, data, p->p_filesz);
    return 0;
}

/* The image's code must be in the memory, if anything is there: a core may leave read-only segments
 * out. */
static int compare_segment(struct recover *r, const GElf_Phdr *p, const uint8_t *data)
{
    static const uint8_t nothing[64];
    uint64_t at = p->p_vaddr - CAPTURE_RAM_BASE;
    if (p->p_flags & PF_W || p->p_vaddr < CAPTURE_RAM_BASE || at > r->ram.size ||
        p->p_filesz > r->ram.size - at)
        return 0;
    if (p->p_filesz < sizeof nothing || memcmp(r->bytes + at, nothing, sizeof nothing) == 0)
        return 0;
    for (uint64_t i = 0; i < p->p_filesz; i++)
        if (r->bytes[at + i] != data[i])
            return kymo_fail("recover",
                             "%s: address 0x%" PRIx64
                             ": this is not the code of %s (build id %s): memory and"
                             " image come from two builds",
                             r->memory_path, p->p_vaddr + i, r->image_path,
                             *r->image.build_id ? r->image.build_id : "unknown");
    return 0;
}

/* Maps a file and hands it to `use`. */
static int with_file(struct recover *r, const char *path,
                     int (*use)(struct recover *r, const uint8_t *data, uint64_t size))
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st)) {
        int bad = kymo_fail("recover", "%s: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return bad;
    }
    const char *wrong = !S_ISREG(st.st_mode) ? "is no file" : st.st_size == 0 ? "is empty" : NULL;
    uint8_t *data =
        wrong ? MAP_FAILED
              : mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    close(fd);
    if (data == MAP_FAILED)
        return kymo_fail("recover", "%s: %s", path, wrong ? wrong : strerror(errno));
    int status = use(r, data, (uint64_t)st.st_size);
    munmap(data, (size_t)st.st_size);
    return status;
}

static int with_elf(struct recover *r, const char *path, const uint8_t *data, uint64_t size,
                    int (*each)(struct recover *r, const GElf_Phdr *p, const uint8_t *data))
{
    elf_version(EV_CURRENT);
    Elf *e = elf_memory((char *)data, size);
    GElf_Ehdr h;
    int bad =
        !e || !gelf_getehdr(e, &h) || gelf_getclass(e) != ELFCLASS32 || h.e_machine != EM_RISCV ? -1
                                                                                                : 0;
    if (!bad)
        bad = segments(e, size, r, each, data);
    if (e)
        elf_end(e);
    return bad < 0 ? kymo_fail("recover", "%s: not an ELF file of a 32-bit RISC-V machine", path)
                   : bad;
}

static int write_stream(struct recover *r, const uint8_t *data, uint64_t size);

static int load_memory(struct recover *r, const uint8_t *data, uint64_t size)
{
    r->stream = !is_elf(data, size) && size < STREAM_MAX && capture_is_stream(data, size);
    if (r->stream)
        return write_stream(r, data, size);
    if (is_elf(data, size))
        return with_elf(r, r->memory_path, data, size, load_segment);
    place(r, r->base, data, size);
    return 0;
}

static int compare_image(struct recover *r, const uint8_t *data, uint64_t size)
{
    return with_elf(r, r->image_path, data, size, compare_segment);
}

static int read_memory(struct recover *r)
{
    if (!r->image.ctl || !r->image.table.length)
        return kymo_fail("recover", "%s: it records nothing (no trace_ctl or .trace_info)",
                         r->image_path);
    r->ram.size = r->image.ram_size;
    r->bytes = mmap(NULL, r->ram.size, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (r->bytes == MAP_FAILED) {
        r->bytes = NULL;
        return kymo_fail("recover", "no memory for %u bytes of RAM", r->ram.size);
    }
    r->ram.data = r->bytes;
    int bad = with_file(r, r->memory_path, load_memory);
    return bad || r->stream ? bad : with_file(r, r->image_path, compare_image);
}

/* ---- the trace ---- */

static bool put_head(struct recover *r, uint32_t block_size, uint32_t hash, const char *how)
{
    char text[1024];
    struct capture_image *im = &r->image;
    uint64_t hz = r->clock_hz ? r->clock_hz : im->mtime ? 10000000u : 1000000000u;
    int n = snprintf(
        text, sizeof text,
        "format=1\nkymo=%s\nimage=%s\nbuild_id=%s\ntable_hash=%08x\nclock=%s\nclock_hz=%" PRIu64
        "\nblock_size=%u\nharts=%u\ncapture=%s\n",
        KYMO_VERSION, im->name, im->build_id, hash, im->mtime ? "mtime" : "mcycle", hz, block_size,
        im->harts, how);
    return capture_packet(&r->w, KYMO_PACKET_META, 0, text, (size_t)n) &&
           capture_packet(&r->w, KYMO_PACKET_TABLE, 0, im->table.data, im->table.length) &&
           capture_packet(&r->w, KYMO_PACKET_STRINGS, 0, im->strings.data, im->strings.length) &&
           capture_packet(&r->w, KYMO_PACKET_SYMBOLS, 0, im->symbols.data, im->symbols.length);
}

static bool put_rings(struct recover *r)
{
    char note[160], text[80];
    struct capture_seen *seen = calloc(r->image.harts, sizeof *seen);
    bool ok = seen != NULL;
    uint64_t time = 0;
    for (unsigned i = 0; ok && i < r->image.harts; i++) {
        ok = capture_tail(&r->w, &r->image, &r->ram, i, &seen[i], -1, note, sizeof note);
        if (*note)
            fprintf(stderr, "kymo recover: hart %u: %s\n", i, note);
        time = seen[i].time > time ? seen[i].time : time;
    }
    int n = snprintf(text, sizeof text, "reason=dump\nexit=0\ntime=%" PRIu64 "\n", time);
    ok = ok && capture_put_pointers(&r->w, &r->image, &r->ram) &&
         capture_packet(&r->w, KYMO_PACKET_END, 0, text, (size_t)n);
    free(seen);
    return ok;
}

static int check_recorder(struct recover *r, uint32_t *block_size, uint32_t *hash)
{
    if (!capture_ctl(&r->image, &r->ram, 0, block_size, hash))
        return kymo_fail(
            "recover",
            "%s: address 0x%x: no recorder's control block; is it the memory of %s, from 0x%x on?",
            r->memory_path, r->image.ctl, r->image_path, r->base);
    if (!kymo_table_has_hash(r->image.table.data, r->image.table.length, *hash))
        return kymo_fail(
            "recover",
            "%s: written with event table %08x, %s (build id %s) has another: two builds",
            r->memory_path, *hash, r->image_path, r->image.build_id);
    return 0;
}

/* Opens the trace under a temporary name, lets `fill` write it, and gives it its name. */
static int write_whole(struct recover *r, bool (*fill)(struct recover *r, const void *u),
                       const void *u)
{
    char *temporary;
    if (asprintf(&temporary, "%s.new", r->out) < 0)
        return kymo_fail("recover", "no memory");
    capture_writer_init(&r->w, temporary);
    bool ok = fill(r, u);
    ok = capture_writer_close(&r->w) && ok;
    int status = 0;
    if (!ok || rename(temporary, r->out)) {
        status = kymo_fail("recover", "%s: offset %" PRIu64 ": %s", r->out, r->w.failed_at,
                           strerror(r->w.error ? r->w.error : errno));
        unlink(temporary);
    }
    free(temporary);
    return status;
}

struct ring_facts {
    uint32_t block_size, hash;
};

static bool fill_from_rings(struct recover *r, const void *u)
{
    const struct ring_facts *f = u;
    return put_head(r, f->block_size, f->hash, "dump") && put_rings(r);
}

/* ---- a stream ---- */

/* The first block tells its size and its table; without one there is nothing to read. */
static int first_block(struct recover *r, struct capture_stream s, struct ring_facts *f)
{
    struct capture_stream_packet p;
    while (capture_stream_next(&s, &p)) {
        uint32_t skip = p.type == KYMO_PACKET_OPEN ? KYMO_CTL_SIZE : 0;
        if ((p.type != KYMO_PACKET_BLOCK && !skip) || p.length < skip + KYMO_BLOCK_HEADER)
            continue;
        *f = (struct ring_facts){p.length - skip, kymo_get32(p.payload + skip + 28)};
        if (kymo_table_has_hash(r->image.table.data, r->image.table.length, f->hash))
            return 0;
        return kymo_fail(
            "recover",
            "%s: written with event table %08x, %s (build id %s) has another: two builds",
            r->memory_path, f->hash, r->image_path, r->image.build_id);
    }
    return kymo_fail("recover", "%s: a stream without a block", r->memory_path);
}

struct stream_facts {
    struct capture_stream s;
    struct ring_facts ring;
};

static bool fill_from_stream(struct recover *r, const void *u)
{
    const struct stream_facts *f = u;
    struct capture_stream s = f->s;
    struct capture_stream_packet p;
    bool ok = put_head(r, f->ring.block_size, f->ring.hash, "stream"), ended = false;
    while (ok && capture_stream_next(&s, &p)) {
        if (p.type < KYMO_PACKET_BLOCK)
            continue; /* a definition: the image's hold */
        ended = ended || p.type == KYMO_PACKET_END;
        ok = capture_packet(&r->w, p.type, p.hart, p.payload, p.length);
    }
    if (s.foreign || s.missing)
        fprintf(stderr,
                "kymo recover: %s: %" PRIu64 " packets; %" PRIu64 " are missing, %" PRIu64
                " bytes are none\n",
                r->memory_path, s.packets, s.missing, s.foreign);
    static const char end[] = "reason=dump\nexit=0\n";
    return ok && (ended || capture_packet(&r->w, KYMO_PACKET_END, 0, end, sizeof end - 1));
}

static int write_stream(struct recover *r, const uint8_t *data, uint64_t size)
{
    struct stream_facts f = {.s = {.data = data, .size = size}};
    int bad = first_block(r, f.s, &f.ring);
    return bad ? bad : write_whole(r, fill_from_stream, &f);
}

static int recover(struct recover *r)
{
    struct ring_facts f;
    int status = read_memory(r);
    if (status || r->stream)
        return status;
    status = check_recorder(r, &f.block_size, &f.hash);
    return status ? status : write_whole(r, fill_from_rings, &f);
}

int kymo_cmd_recover(int argc, char **argv)
{
    struct recover r = {.base = CAPTURE_RAM_BASE};
    char why[256], name[300];
    int status = parse(&r, argc, argv);
    if (status)
        return status == 1 ? kymo_finish("recover", 0) : status;
    if (!capture_image_read(&r.image, r.image_path, why, sizeof why))
        return kymo_fail("recover", "%s: %s", r.image_path, why);
    const char *slash = strrchr(r.memory_path, '/');
    snprintf(name, sizeof name, "%.250s.kymo", slash ? slash + 1 : r.memory_path);
    r.out = r.out ? r.out : name;
    status = recover(&r);
    if (r.bytes)
        munmap(r.bytes, r.ram.size);
    capture_image_free(&r.image);
    return status;
}
