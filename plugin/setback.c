/* SPDX-License-Identifier: Apache-2.0 */
/* setback.c: patients whom the sweep could not decide, and resources whose rows it could not make
 * again. Each is left alone for a time that doubles with every failure, so that those behind have
 * their turn; a success, or a restart, forgets it. They are known by a hash: two that share one
 * only wait for each other. */
#include "work.h"

enum { FIRST_WAIT_MS = 2000, LONGEST_WAIT_MS = 60 * 60 * 1000 };

static setback *find(setbacks *s, uint64_t what) {
    for (int i = 0; i < s->n; i++)
        if (s->at[i].what == what) return &s->at[i];
    return NULL;
}

/* Where there is no more room, whoever would be tried soonest makes it. */
static setback *room(setbacks *s) {
    if (s->n < SETBACKS_MOST) return &s->at[s->n++];
    setback *soonest = &s->at[0];
    for (int i = 1; i < s->n; i++)
        if (s->at[i].next_ms < soonest->next_ms) soonest = &s->at[i];
    return soonest;
}

bool setback_waits(setbacks *s, uint64_t what, int64_t now_ms) {
    const setback *found = find(s, what);
    return found && now_ms < found->next_ms;
}

void setback_note(setbacks *s, uint64_t what, bool failed, int64_t now_ms) {
    setback *found = find(s, what);
    if (!failed) {
        if (found) *found = s->at[--s->n];
        return;
    }
    int64_t wait = found ? found->wait_ms * 2 : FIRST_WAIT_MS;
    if (wait > LONGEST_WAIT_MS) wait = LONGEST_WAIT_MS;
    if (!found) found = room(s);
    *found = (setback){what, now_ms + wait, wait};
}
