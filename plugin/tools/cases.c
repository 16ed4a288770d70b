/* SPDX-License-Identifier: Apache-2.0 */
/* The conformance cases of a criterion, as they lie on disk. */
#include "tools/cases.h"

#include "files/files.h"

#include <sys/stat.h>
#include <unistd.h>

const char *const cases_shown[CASES_SHOWN] = {"met", "not-met", "boundary", "unknown"};

static bool mentions(const json *list, const char *word) {
    for (const json *c = list ? list->child : NULL; c; c = c->next)
        if (c->kind == JSON_STRING && str_eq(c->text, str_from(word))) return true;
    return false;
}

static void look_at(criterion_cases *found) {
    const json *list = json_get(found->root, "cases"), *none = json_get(found->root, "none");
    found->n = list && list->kind == JSON_ARRAY ? list->count : 0;
    for (int i = 0; i < CASES_SHOWN; i++) {
        found->shown[i] = json_text(none, cases_shown[i]).n > 0;
        for (const json *c = found->n ? list->child : NULL; c; c = c->next)
            found->shown[i] = found->shown[i] || mentions(json_get(c, "shows"), cases_shown[i]);
    }
}

criterion_cases cases_read(arena *arena, const char *folder, str study, str criterion) {
    criterion_cases found = {0};
    str text;
    fault fault;
    found.file = arena_printf(arena, "%s/%.*s/%.*s/cases.json", folder, STR_ARGS(study),
                              STR_ARGS(criterion));
    if (access(found.file.p, F_OK) != 0) return found;
    if (!files_read(arena, S(""), found.file, LIMIT_CONFIG_BYTES, &text, &fault) ||
        !json_read(arena, text, &found.root, &fault)) {
        found.wrong = arena_str(arena, str_from(fault.text)).p;
        return found;
    }
    look_at(&found);
    return found;
}

bool cases_of_study(arena *arena, const char *folder, str study) {
    struct stat info;
    str path = arena_printf(arena, "%s/%.*s", folder, STR_ARGS(study));
    return stat(path.p, &info) == 0 && S_ISDIR(info.st_mode);
}
