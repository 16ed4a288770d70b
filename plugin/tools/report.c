/* SPDX-License-Identifier: Apache-2.0 */
/* What the tools share: findings as lines that editors understand, a folder of mappings, and the
 * clock. */
#include "files/files.h"
#include "tools/tools.h"
#include "trial/trial.h"

#include <time.h>

const char *tool_level(problem_level level) {
    return level >= PROBLEM_ERROR ? "error" : level == PROBLEM_WARNING ? "warning" : "note";
}

void tool_print_problem(FILE *to, const char *name, str text, const problem *p) {
    int line = 0, column = 0;
    fputs(name, to);
    if (p->at >= 0 && text.p) { /* also the only place of an empty file */
        problem_line_column(text, p->at, &line, &column);
        fprintf(to, ":%d:%d", line, column);
    }
    fprintf(to, ": %s: %.*s", tool_level(p->level), STR_ARGS(p->text));
    if (p->remedy.n) fprintf(to, "; %.*s", STR_ARGS(p->remedy));
    if (p->place.n) fprintf(to, " [%.*s]", STR_ARGS(p->place));
    fputc('\n', to);
}

void tool_json_problem(buf *out, const mapping_file *files, isize n, const problem *p) {
    int line = 0, column = 0;
    for (isize i = 0; i < n && p->at >= 0 && line == 0; i++)
        if (str_eq(files[i].name, p->file) && files[i].text.p)
            problem_line_column(files[i].text, p->at, &line, &column);
    buf_add(out, S("{\"file\":"));
    buf_json_string(out, p->file);
    buf_printf(out, ",\"line\":%d,\"column\":%d,\"level\":\"%s\",\"code\":\"%s\",\"place\":", line,
               column, tool_level(p->level), p->code);
    buf_json_string(out, p->place);
    buf_add(out, S(",\"text\":"));
    buf_json_string(out, p->text);
    buf_add(out, S(",\"remedy\":"));
    buf_json_string(out, p->remedy);
    buf_byte(out, '}');
}

const mappings *tool_mappings(arena *arena, const char *command, const char *folder) {
    const mapping_file *files;
    isize n;
    fault fault;
    mapping_choice all = {0};
    if (!files_mappings(arena, str_from(folder), &all, &files, &n, &fault)) {
        fprintf(stderr, "fhirtrial %s: %s\n", command, fault.text);
        return NULL;
    }
    problems found = problems_new(arena);
    const mappings *set = mappings_load(arena, files, n, NULL, NULL, &found);
    if (!set)
        fprintf(stderr, "fhirtrial %s: %s has %td errors: run `fhirtrial check %s`\n", command,
                folder, found.errors, folder);
    return set;
}

when tool_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return when_from_unix((int64_t)now.tv_sec * 1000000000 + now.tv_nsec, 0);
}
