/* SPDX-License-Identifier: MIT */
/* The web server of `kymo live` (serve.h), by libmicrohttpd. */
#include "report/serve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef HAVE_LIBMICROHTTPD
#include <microhttpd.h>

struct kr_serve {
    struct kr_live *live;
    struct MHD_Daemon *daemon;
    uint16_t port;
    struct kr_buf page;
};

/* ---- answers ---- */

static enum MHD_Result answer(struct MHD_Connection *c, unsigned status, const char *type,
                              struct MHD_Response *r)
{
    if (!r)
        return MHD_NO;
    MHD_add_response_header(r, "Content-Type", type);
    MHD_add_response_header(r, "Cache-Control", "no-store");
    MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
    MHD_add_response_header(r, "Cross-Origin-Resource-Policy", "same-origin");
    MHD_add_response_header(r, "Referrer-Policy", "no-referrer");
    enum MHD_Result result = MHD_queue_response(c, status, r);
    MHD_destroy_response(r);
    return result;
}

static enum MHD_Result say(struct MHD_Connection *c, unsigned status, const char *text)
{
    return answer(c, status, "text/plain; charset=utf-8",
                  MHD_create_response_from_buffer(strlen(text), (void *)(uintptr_t)text,
                                                  MHD_RESPMEM_PERSISTENT));
}

static enum MHD_Result send_block(struct kr_serve *s, struct MHD_Connection *c, const char *name)
{
    struct kr_buf b = {0};
    if (!kr_live_block(s->live, name, &b))
        return say(c, MHD_HTTP_NOT_FOUND, "no such block\n");
    /* The response owns the bytes and frees them when the reader has them, or is gone. */
    struct MHD_Response *r = MHD_create_response_from_buffer(b.len, b.data, MHD_RESPMEM_MUST_FREE);
    if (!r)
        kr_buf_free(&b);
    return answer(c, MHD_HTTP_OK, "application/octet-stream", r);
}

/* Does the request name this server? A browser sends the name that the page came from. */
static bool names_us(const struct kr_serve *s, struct MHD_Connection *c)
{
    const char *host = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Host");
    char wanted[2][32];
    snprintf(wanted[0], sizeof wanted[0], "127.0.0.1:%u", s->port);
    snprintf(wanted[1], sizeof wanted[1], "localhost:%u", s->port);
    return host && (strcmp(host, wanted[0]) == 0 || strcmp(host, wanted[1]) == 0);
}

static enum MHD_Result handle(void *u, struct MHD_Connection *c, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *size, void **state)
{
    struct kr_serve *s = u;
    (void)version;
    (void)data;
    (void)size;
    (void)state;
    if (!names_us(s, c))
        return say(c, MHD_HTTP_FORBIDDEN, "this server answers to 127.0.0.1 and localhost only\n");
    if (strcmp(method, "GET") != 0)
        return say(c, MHD_HTTP_METHOD_NOT_ALLOWED, "GET only\n");
    if (strcmp(url, "/") == 0)
        return answer(
            c, MHD_HTTP_OK, "text/html; charset=utf-8",
            MHD_create_response_from_buffer(s->page.len, s->page.data, MHD_RESPMEM_PERSISTENT));
    if (strncmp(url, "/block/", 7) == 0)
        return send_block(s, c, url + 7);
    return say(c, MHD_HTTP_NOT_FOUND, "nothing here\n");
}

/* ---- life ---- */

struct kr_serve *kr_serve_start(struct kr_live *l, uint16_t *port, struct kymo_error *err)
{
    struct kr_serve *s = calloc(1, sizeof *s);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(*port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    snprintf(err->text, sizeof err->text, "out of memory");
    if (!s)
        return NULL;
    s->live = l;
    kr_page_write(&s->page, "connect-src 'self'; ");
    s->daemon = s->page.failed
                    ? NULL
                    : MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, *port, NULL, NULL, handle,
                                       s, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address,
                                       MHD_OPTION_CONNECTION_LIMIT, (unsigned)KR_SERVE_CONNECTIONS,
                                       MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)KR_SERVE_TIMEOUT,
                                       MHD_OPTION_END);
    const union MHD_DaemonInfo *bound =
        s->daemon ? MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_BIND_PORT) : NULL;
    if (!bound) {
        snprintf(err->text, sizeof err->text, "cannot listen on 127.0.0.1:%u: %s", *port,
                 strerror(errno));
        kr_serve_stop(s);
        return NULL;
    }
    s->port = *port = bound->port;
    return s;
}

void kr_serve_stop(struct kr_serve *s)
{
    if (!s)
        return;
    if (s->daemon)
        MHD_stop_daemon(s->daemon);
    kr_buf_free(&s->page);
    free(s);
}

#else

struct kr_serve *kr_serve_start(struct kr_live *l, uint16_t *port, struct kymo_error *err)
{
    (void)l;
    (void)port;
    snprintf(err->text, sizeof err->text, "this kymo was built without libmicrohttpd");
    return NULL;
}

void kr_serve_stop(struct kr_serve *s)
{
    (void)s;
}

#endif
