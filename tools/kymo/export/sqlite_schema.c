/* SPDX-License-Identifier: MIT */
/* Tables and views of a trace's data base. Times and durations are nanoseconds since reset. utid is
 * the kernel's task id, tid too; priorities are levels, 0 the highest. Each view answers a question
 * of Documentation/query.md. */
#include "sqlite.h"

const char sql_schema[] =
    "CREATE TABLE trace(id INTEGER PRIMARY KEY, uuid TEXT, device TEXT, firmware TEXT,"
    " start_unix_ns INT, clock_hz INT, cores INT, loss_events INT, key TEXT, value TEXT);"
    "CREATE TABLE thread(utid INTEGER PRIMARY KEY, trace_id INT, tid INT, name TEXT, base_prio"
    " INT, is_idle INT, start_ts INT, end_ts INT);"
    "CREATE TABLE sched(id INTEGER PRIMARY KEY, trace_id INT, ts INT, dur INT, cpu INT, utid"
    " INT, end_state TEXT, priority INT);"
    "CREATE TABLE thread_state(id INTEGER PRIMARY KEY, trace_id INT, ts INT, dur INT, cpu INT,"
    " utid INT, state TEXT, waker_utid INT, irq_context INT, blocked_on INT, blocked_by_utid"
    " INT, priority INT, certainty TEXT, part_of INT);"
    "CREATE TABLE slice(id INTEGER PRIMARY KEY, trace_id INT, ts INT, dur INT, track TEXT, utid"
    " INT, cpu INT, name TEXT, depth INT, certainty TEXT);"
    "CREATE TABLE object(id INTEGER PRIMARY KEY, trace_id INT, kind TEXT, name TEXT);"
    "CREATE TABLE counter(trace_id INT, ts INT, track TEXT, value REAL);"
    "CREATE TABLE instant(trace_id INT, ts INT, cpu INT, utid INT, name TEXT, arg TEXT);"
    "CREATE TABLE loss(trace_id INT, cpu INT, ts INT, dur INT, events INT, bytes INT, cause"
    " TEXT);"
    "CREATE TABLE kymo_cache(version INT, stamp TEXT);";

const char sql_views[] =
    "CREATE INDEX sched_by_thread ON sched(trace_id, utid, ts);"

    /* How much of the time did each task run? */
    "CREATE VIEW cpu_time AS SELECT utid, name, count(*) AS runs, sum(dur) AS ns, max(dur) AS"
    " longest_ns, round(100.0 * sum(dur) / (SELECT sum(dur) FROM sched), 3) AS percent FROM"
    " sched JOIN thread USING (utid) GROUP BY utid ORDER BY ns DESC;"

    /* Each stretch of one state whole, though its level or holder changed in it, and what
     * followed. */
    "CREATE VIEW stretch AS SELECT min(id) AS id, utid, min(ts) AS ts, sum(dur) AS dur, state,"
    " lead(state) OVER (PARTITION BY utid ORDER BY min(id)) AS next, max(certainty) AS certainty"
    " FROM thread_state GROUP BY part_of;"

    /* How long did a task that could run have to wait until it did, at most and on average? */
    "CREATE VIEW ready_wait AS SELECT utid, name, count(*) AS waits, sum(dur) AS ns, max(dur)"
    " AS longest_ns, round(avg(dur), 1) AS mean_ns FROM stretch JOIN thread USING (utid)"
    " WHERE state IN ('ready', 'preempted') AND next = 'running' GROUP BY utid"
    " ORDER BY longest_ns DESC;"

    /* Who was blocked, on what, by whom, how long? */
    "CREATE VIEW blocked AS SELECT s.id, s.part_of, s.ts, s.dur, s.utid, t.name AS task, o.kind, "
    "o.name AS"
    " object, s.blocked_by_utid AS holder_utid, h.name AS holder, s.priority, h.base_prio AS"
    " holder_priority, s.certainty FROM thread_state s JOIN thread t ON t.utid = s.utid LEFT"
    " JOIN object o ON o.id = s.blocked_on LEFT JOIN thread h ON h.utid = s.blocked_by_utid"
    " WHERE s.state = 'blocked';"

    /* When did a task wait for one of lower priority, and who ran meanwhile that was neither? */
    "CREATE VIEW inversion AS SELECT b.id, b.ts, b.dur, b.task, b.priority, b.object, b.holder,"
    " b.holder_priority, (SELECT coalesce(sum(min(r.ts + r.dur, b.ts + b.dur) - max(r.ts,"
    " b.ts)), 0) FROM sched r WHERE r.ts < b.ts + b.dur AND r.ts + r.dur > b.ts AND r.utid NOT"
    " IN (b.utid, b.holder_utid) AND r.utid <> 0 AND r.priority > b.priority) AS others_ns FROM"
    " blocked b WHERE b.holder_priority > b.priority;"

    /* How often and how long did each interrupt run, handlers nested in it included? */
    "CREATE VIEW irq_time AS SELECT cpu, name, count(*) AS runs, sum(dur) AS ns, max(dur) AS"
    " longest_ns, max(depth) AS deepest FROM slice WHERE track = 'irq' GROUP BY cpu, name ORDER"
    " BY ns DESC;"

    /* How long is each mutex held, by whom? */
    "CREATE VIEW mutex_time AS SELECT name AS mutex, utid, (SELECT t.name FROM thread t WHERE"
    " t.utid = s.utid) AS holder, count(*) AS holds, sum(dur) AS ns, max(dur) AS longest_ns"
    " FROM slice s WHERE track = 'mutex' GROUP BY mutex, utid ORDER BY ns DESC;"

    /* Who wakes whom, from an interrupt or not? */
    "CREATE VIEW wake_pairs AS SELECT w.name AS waker, s.irq_context, t.name AS woken, count(*)"
    " AS wakes FROM thread_state s JOIN thread t ON t.utid = s.utid LEFT JOIN thread w ON"
    " w.utid = s.waker_utid WHERE s.state = 'ready' AND s.waker_utid IS NOT NULL AND s.part_of = "
    "s.id GROUP BY"
    " s.waker_utid, s.irq_context, s.utid ORDER BY wakes DESC;"

    /* From one wake-up to the next wait: the task's response, and how much of it was work, as `kymo
     * stat` counts them: a wait for a mutex is part of it. Other waits (and stretches nobody saw)
     * part the task's stretches into groups; a group is the wait it begins with and what follows.
     * Certain only if its wake-up was seen and a wait is behind it; `open` if the trace ended
     * first, or the task while it did not run. */
    "CREATE VIEW activation AS WITH"
    " a AS (SELECT s.*, state NOT IN ('ready', 'preempted', 'running') AND NOT"
    " (state = 'blocked' AND ifnull(o.kind, '') = 'mutex') AS w"
    " FROM thread_state s LEFT JOIN object o ON o.id = s.blocked_on WHERE utid NOT IN (0, 65535)),"
    " b AS (SELECT *, sum(w) OVER (PARTITION BY utid ORDER BY id) AS n FROM a),"
    " c AS (SELECT utid, n, max(CASE WHEN w THEN state END) AS before,"
    " min(CASE WHEN NOT w THEN ts END) AS ts, min(CASE WHEN NOT w THEN id END) AS first,"
    " max(CASE WHEN NOT w THEN id END) AS last,"
    " sum(CASE WHEN NOT w THEN dur END) AS response_ns,"
    " sum(CASE WHEN state = 'running' THEN dur ELSE 0 END) AS running_ns FROM b GROUP BY utid, n),"
    " d AS (SELECT *, lead(before) OVER (PARTITION BY utid ORDER BY n) AS behind,"
    " (SELECT waker_utid FROM thread_state f WHERE f.id = first) IS NOT NULL AS woken,"
    " (SELECT state FROM thread_state f WHERE f.id = first) AS begun,"
    " (SELECT state FROM thread_state f WHERE f.id = last) AS left FROM c)"
    " SELECT utid, t.name, d.ts, response_ns, running_ns, CASE"
    " WHEN behind = 'unknown' OR begun = 'blocked' OR"
    " (ifnull(before, 'unknown') = 'unknown' AND NOT woken)"
    " THEN 'unknown' WHEN behind IS NULL AND (t.end_ts IS NULL OR left <> 'running')"
    " THEN 'open' ELSE 'certain' END AS certainty FROM d"
    " JOIN thread t USING (utid) WHERE d.ts IS NOT NULL ORDER BY d.ts;"

    /* Which stretches did nobody see? */
    "CREATE VIEW unseen AS SELECT cpu, ts, dur, cause, events FROM loss ORDER BY ts;";
