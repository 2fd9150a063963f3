/* SPDX-License-Identifier: MIT */
/* A singly linked list with a sentinel at each end, for applications and for kcb->tasks. Nodes
 * are allocated; the kernel's own waiting and ready lists are intrusive and do not use this
 * header.
 *
 * Invariant: head -> node -> .. -> tail -> NULL; length counts the nodes between the sentinels.
 * Not thread-safe. Machine mode only (malloc). */
#pragma once

#include <lib/libc.h>
#include <lib/malloc.h>

typedef struct list_node {
    struct list_node *next;
    void *data;
} list_node_t;

typedef struct {
    list_node_t *head, *tail; /* sentinels */
    uint32_t length;
} list_t;

/* NULL when there is no memory. One block holds the list and both sentinels. */
static inline list_t *list_create(void)
{
    struct {
        list_t list;
        list_node_t head, tail;
    } *all = malloc(sizeof(*all));
    if (!all)
        return NULL;
    all->tail = (list_node_t){NULL, NULL};
    all->head = (list_node_t){&all->tail, NULL};
    all->list = (list_t){&all->head, &all->tail, 0};
    return &all->list;
}

static inline int list_is_empty(const list_t *list)
{
    return !list || list->length == 0;
}

static inline list_node_t *list_next(const list_node_t *node)
{
    return node ? node->next : NULL;
}

/* The node after `node`, the first one after the last; NULL when the list is empty. */
static inline list_node_t *list_cnext(const list_t *list, const list_node_t *node)
{
    if (list_is_empty(list) || !node)
        return NULL;
    return !node->next || node->next == list->tail ? list->head->next : node->next;
}

/* O(n). NULL when there is no memory. */
static inline list_node_t *list_pushback(list_t *list, void *data)
{
    list_node_t *fresh = list ? malloc(sizeof(*fresh)) : NULL;
    if (!fresh)
        return NULL;
    list_node_t *last = list->head;
    while (last->next != list->tail)
        last = last->next;
    *fresh = (list_node_t){list->tail, data};
    last->next = fresh;
    list->length++;
    return fresh;
}

/* O(n). Takes `node` out and frees it; its data, or NULL when it is not in the list. */
static inline void *list_remove(list_t *list, list_node_t *node)
{
    if (list_is_empty(list) || !node)
        return NULL;
    list_node_t *before = list->head;
    while (before != list->tail && before->next != node)
        before = before->next;
    if (before == list->tail || node == list->tail)
        return NULL;
    void *data = node->data;
    before->next = node->next;
    list->length--;
    free(node);
    return data;
}

/* Takes the first node out and frees it; its data, or NULL. */
static inline void *list_pop(list_t *list)
{
    return list_is_empty(list) ? NULL : list_remove(list, list->head->next);
}

/* Calls `visit` on each node until one returns non-NULL, and returns that. `visit` may remove
 * its own node. */
static inline list_node_t *list_foreach(list_t *list,
                                        list_node_t *(*visit)(list_node_t *, void *),
                                        void *arg)
{
    if (!list || !visit)
        return NULL;
    for (list_node_t *node = list->head->next; node && node != list->tail;) {
        list_node_t *after = node->next;
        list_node_t *found = visit(node, arg);
        if (found)
            return found;
        node = after;
    }
    return NULL;
}

static inline void list_clear(list_t *list)
{
    while (!list_is_empty(list))
        list_pop(list);
}

static inline void list_destroy(list_t *list)
{
    list_clear(list);
    free(list);
}
