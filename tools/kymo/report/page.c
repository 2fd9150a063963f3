/* SPDX-License-Identifier: MIT */
/* The page around the data: what the build bundled, with two places left open. The build checks
 * that both marks are there (bundle.sh). */
#include "report/report.h"

#include <string.h>

static const char connect_mark[] = "@CONNECT@", data_mark[] = "@DATA@";

static const char *find(const char *from, const char *mark)
{
    const char *at = memmem(from, (size_t)(kr_page_end - from), mark, strlen(mark));
    return at ? at : kr_page_end;
}

void kr_page_head(struct kr_buf *b, const char *connect)
{
    const char *at = find(kr_page, connect_mark);
    kr_put(b, kr_page, (size_t)(at - kr_page));
    kr_text(b, connect);
    at += sizeof connect_mark - 1;
    kr_put(b, at, (size_t)(find(at, data_mark) - at));
}

void kr_page_tail(struct kr_buf *b)
{
    const char *at = find(kr_page, data_mark) + sizeof data_mark - 1;
    kr_put(b, at, (size_t)(kr_page_end - at));
}

void kr_page_write(struct kr_buf *b, const char *connect)
{
    kr_page_head(b, connect);
    kr_page_tail(b);
}
