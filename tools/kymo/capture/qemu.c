/* SPDX-License-Identifier: MIT */
/* The QEMU process; see qemu.h. */
#include "qemu.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static bool fail(char *why, size_t size, const char *what)
{
    snprintf(why, size, "%s: %s", what, strerror(errno));
    return false;
}

const char *qemu_plugin_path(char *why, size_t why_size)
{
    static char path[PATH_MAX + 64];
    static const char *const where[] = {"kymo-qemu.so", "../lib/kymo/kymo-qemu.so"};
    const char *given = getenv("KYMO_PLUGIN");
    if (given && *given) {
        if (access(given, R_OK) == 0)
            return given;
        fail(why, why_size, given);
        return NULL;
    }
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    self[n > 0 ? n : 0] = 0;
    char *slash = strrchr(self, '/');
    if (slash)
        *slash = 0;
    for (size_t i = 0; i < sizeof where / sizeof *where; i++) {
        snprintf(path, sizeof path, "%s/%s", self, where[i]);
        if (access(path, R_OK) == 0)
            return path;
    }
    snprintf(why, why_size,
             "no kymo-qemu.so in %s or ../lib/kymo; `make plugin` builds it, `--capture ram` runs "
             "without",
             self);
    return NULL;
}

static bool memory_files(struct qemu_process *q, char *why, size_t why_size)
{
    q->ram_fd = memfd_create("kymo-ram", MFD_CLOEXEC);
    q->console = memfd_create("kymo-console", MFD_CLOEXEC);
    if (q->ram_fd < 0 || q->console < 0 || ftruncate(q->ram_fd, q->ram_size) != 0)
        return fail(why, why_size, "memory for the guest");
    q->ram = mmap(NULL, q->ram_size, PROT_READ, MAP_SHARED, q->ram_fd, 0);
    if (q->ram == MAP_FAILED) {
        q->ram = NULL;
        return fail(why, why_size, "memory for the guest");
    }
    return true;
}

/* QEMU's command line. Every string is kept until exec. */
struct line {
    char *argv[64];
    int argc;
};

static void add(struct line *l, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(struct line *l, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    if (l->argc >= 63 || vasprintf(&l->argv[l->argc++], format, ap) < 0)
        abort();
    va_end(ap);
}

/* QEMU's option syntax doubles a comma that belongs to a value. */
static char *commas(const char *path)
{
    char *out = malloc(2 * strlen(path) + 1), *p = out;
    if (!out)
        abort();
    for (; *path; path++) {
        if (*path == ',')
            *p++ = ',';
        *p++ = *path;
    }
    *p = 0;
    return out;
}

static void command_line(struct line *l, const struct qemu_process *q, const struct qemu_options *o,
                         const struct capture_image *im, int pipe_fd)
{
    add(l, "%s", o->binary);
    for (const char *const *p =
             (const char *const[]){"-M", "virt,memory-backend=ram", "-bios", "none", "-display",
                                   "none", "-monitor", "none", "-no-user-config", "-seed", "1",
                                   NULL};
         *p; p++)
        add(l, "%s", *p);
    add(l, "-object");
    add(l, "memory-backend-file,id=ram,size=%u,share=on,mem-path=/proc/self/fd/%d", q->ram_size,
        q->ram_fd);
    add(l, "-m");
    add(l, "%uM", q->ram_size >> 20);
    add(l, "-smp");
    add(l, "%u", im->harts);
    add(l, "-chardev");
    if (o->interactive)
        add(l, "stdio,id=console,mux=on,signal=off,logfile=/proc/self/fd/%d", q->console);
    else
        add(l, "file,id=console,path=/proc/self/fd/%d", q->console);
    add(l, "-serial");
    add(l, "chardev:console");
    if (o->icount) {
        add(l, "-icount");
        add(l, "shift=%u,sleep=off", o->shift);
    }
    if (o->plugin) {
        char *file = commas(o->plugin);
        add(l, "-plugin");
        add(l, "file=%s,ram=%u,fd=%d,console=%d%s%s", file, q->ram_size, pipe_fd, q->console,
            *o->plugin_arg ? "," : "", o->plugin_arg);
        free(file);
    }
    add(l, "-kernel");
    add(l, "%s", o->image);
}

/* In the child, after fork: only what is safe there. Reports a failed exec through `report`. */
static void become_qemu(struct line *l, const struct qemu_process *q, const struct qemu_options *o,
                        pid_t parent, int pipe_fd, int report)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127); /* it died before the line above */
    if (!o->interactive) {
        setpgid(0, 0); /* Ctrl-C is for kymo, which then ends QEMU */
        int null = open("/dev/null", O_RDONLY);
        if (null >= 0)
            dup2(null, 0);
    }
    for (int i = 0; i < 2; i++)
        if (o->inherit[i] > 0)
            fcntl(o->inherit[i], F_SETFD, 0);
    fcntl(q->ram_fd, F_SETFD, 0);
    fcntl(q->console, F_SETFD, 0);
    if (pipe_fd >= 0)
        fcntl(pipe_fd, F_SETFD, 0);
    execvp(l->argv[0], l->argv);
    int error = errno;
    if (write(report, &error, sizeof error) < 0)
        _exit(126);
    _exit(127);
}

static bool spawn(struct qemu_process *q, const struct qemu_options *o, struct line *l, int pipe_fd,
                  char *why, size_t why_size)
{
    int report[2], error = 0;
    pid_t parent = getpid();
    if (pipe2(report, O_CLOEXEC) != 0)
        return fail(why, why_size, "pipe");
    q->pid = fork();
    if (q->pid == 0)
        become_qemu(l, q, o, parent, pipe_fd, report[1]);
    close(report[1]);
    ssize_t n = q->pid > 0 ? read(report[0], &error, sizeof error) : 0;
    close(report[0]);
    if (q->pid < 0)
        return fail(why, why_size, "fork");
    if (n == sizeof error) {
        waitpid(q->pid, NULL, 0);
        q->pid = 0;
        errno = error;
        fail(why, why_size, o->binary);
        if (error == ENOENT)
            strncat(why, " (Debian: apt-get install --no-install-recommends qemu-system-misc)",
                    why_size - strlen(why) - 1);
        return false;
    }
    q->pidfd = (int)syscall(SYS_pidfd_open, q->pid, 0);
    return q->pidfd >= 0 || fail(why, why_size, "pidfd_open");
}

bool qemu_start(struct qemu_process *q, const struct qemu_options *options,
                const struct capture_image *im, char *why, size_t why_size)
{
    struct qemu_options o = *options;
    struct line l = {0};
    int pipe_fd[2] = {-1, -1};
    const char *env = getenv("KYMO_QEMU");
    *q = (struct qemu_process){
        .pidfd = -1, .stream = -1, .console = -1, .ram_fd = -1, .ram_size = im->ram_size};
    if (!o.binary)
        o.binary = env && *env ? env : "qemu-system-riscv32";
    if (!memory_files(q, why, why_size))
        return false;
    if (o.plugin && pipe2(pipe_fd, O_CLOEXEC) != 0)
        return fail(why, why_size, "pipe");
    q->stream = pipe_fd[0];
    command_line(&l, q, &o, im, pipe_fd[1]);
    bool ok = spawn(q, &o, &l, pipe_fd[1], why, why_size);
    if (pipe_fd[1] >= 0)
        close(pipe_fd[1]);
    for (int i = 0; i < l.argc; i++)
        free(l.argv[i]);
    return ok;
}

void qemu_kill(struct qemu_process *q)
{
    if (q->pid > 0)
        kill(q->pid, SIGKILL);
}

int qemu_wait(struct qemu_process *q)
{
    int status = 0;
    while (q->pid > 0 && waitpid(q->pid, &status, 0) < 0 && errno == EINTR)
        ;
    q->pid = 0;
    return status;
}

void qemu_free(struct qemu_process *q)
{
    int fds[] = {q->pidfd, q->stream, q->console, q->ram_fd};
    qemu_kill(q);
    qemu_wait(q);
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    if (q->ram)
        munmap(q->ram, q->ram_size);
}
