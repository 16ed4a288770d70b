/* SPDX-License-Identifier: Apache-2.0 */
/* Inputs as blocks of whole messages. */
#include "tools/blocks.h"

#include "base/fault.h"

#include <errno.h>
#include <string.h>

enum { LEAST_READ = 64 << 10, MOST_READ = 4 << 20 };

/* --- lines or a document --- */
static isize line_end(str text, isize from) {
    isize end = str_find_byte(text, '\n', from);
    return end < 0 ? text.n : end;
}

/* The first line with anything on it; false when there is none. */
static bool first_line(str text, isize *from, isize *end) {
    if (str_starts(text, S("\xEF\xBB\xBF"))) *from = 3;
    for (; *from < text.n; *from = *end + 1) {
        *end = line_end(text, *from);
        if (str_trim(str_slice(text, *from, *end)).n) return true;
    }
    return false;
}

/* Whether the line is an object from its first to its last brace. */
static bool complete(str line) {
    long depth = 0;
    bool string = false, closed = false;
    for (isize i = 0; i < line.n; i++) {
        char c = line.p[i];
        if (string) {
            if (c == '\\') i++;
            string = c != '"';
            continue;
        }
        string = c == '"';
        depth += (c == '{' || c == '[') - (c == '}' || c == ']');
        closed = closed || (depth == 0 && c == '}');
    }
    return closed && depth == 0;
}

/* False when more has to be read to tell. */
static bool decide(blocks *s, str text) {
    isize from = 0, end = 0;
    s->document = false;
    if (input_is_lines(s->inputs->list[s->at].path)) return s->known = true;
    if (!first_line(text, &from, &end)) return s->ended;
    str line = str_trim(str_slice(text, from, end));
    if (line.p[0] == '<') return s->document = s->known = true;
    if (end == text.n && !s->ended) return false;
    if (!complete(line)) {
        if (end + 1 >= text.n && !s->ended) return false;
        s->document = end + 1 >= text.n || text.p[end + 1] != '{';
    }
    return s->known = true;
}

/* --- one file --- */
static void end_file(blocks *s) {
    if (s->source) {
        s->before += source_position(s->source);
        source_close(s->source);
    }
    s->source = NULL;
    s->carry.n = 0;
    s->known = s->document = s->skipping = s->ended = false;
    s->at++;
}

static bool begin_file(blocks *s, block *b) {
    const input_file *file = b->file;
    if (file->empty)
        b->fault = "the folder has no file that ends in .json, .ndjson, .jsonl or .xml";
    else if (file->error || !(s->source = source_open(file->path)))
        b->fault = strerrordesc_np(file->error ? file->error : errno);
    return !b->fault;
}

/* More bytes behind the block's text; false at the end of the file, or with a fault. */
static bool read_more(blocks *s, block *b) {
    isize most = s->size - b->text.n;
    if (most < b->text.n / 2) most = b->text.n / 2;
    if (most > MOST_READ) most = MOST_READ;
    if (most < LEAST_READ) most = LEAST_READ;
    isize n = source_read(s->source, bytes_room(&b->text, most), most, &b->fault);
    s->ended = n <= 0;
    if (n > 0) b->text.n += n;
    return n > 0;
}

/* Passes over the rest of a line that was too long; false at the end of the file. */
static bool skip_line(blocks *s, block *b) {
    for (;;) {
        const char *feed = b->text.n ? memchr(b->text.p, '\n', (size_t)b->text.n) : NULL;
        if (feed) {
            bytes_drop(&b->text, feed - b->text.p + 1);
            s->skipping = false;
            return true;
        }
        b->text.n = 0;
        if (!read_more(s, b)) return false;
    }
}

/* Keeps what stands behind the last line for the next block; false when there is no whole line. */
static bool cut(blocks *s, block *b, isize from) {
    const char *feed = memrchr(b->text.p + from, '\n', (size_t)(b->text.n - from));
    if (!feed) return false;
    isize n = feed - b->text.p + 1;
    bytes_add(&s->carry, str_slice(bytes_str(&b->text), n, b->text.n));
    b->text.n = n;
    return true;
}

static void too_long(blocks *s, block *b) {
    b->too_long = true;
    b->text.n = 0;
    s->skipping = true;
    if (s->document) s->ended = true;
}

/* Fills the block; false when the file has nothing more. */
static bool fill(blocks *s, block *b) {
    isize whole = 0; /* up to here there is no end of a line */
    bytes_add(&b->text, bytes_str(&s->carry));
    s->carry.n = 0;
    b->slow = source_is_slow(s->source);
    if (s->skipping && !skip_line(s, b)) return b->fault != NULL;
    while (!s->ended) {
        bool known = s->known || (b->text.n && decide(s, bytes_str(&b->text)));
        bool enough = b->text.n >= s->size || (b->slow && b->text.n);
        if (known && !s->document && enough) {
            if (cut(s, b, whole)) return true;
            whole = b->text.n;
        }
        if (b->text.n > LIMIT_MESSAGE_BYTES) return too_long(s, b), true;
        read_more(s, b);
    }
    if (!s->known) decide(s, bytes_str(&b->text));
    b->document = s->document;
    if (!b->fault) return b->text.n > 0;
    if (s->document || !cut(s, b, 0)) b->text.n = 0; /* the rest never came */
    return true;
}

bool blocks_next(blocks *s, block *b) {
    while (s->at < s->inputs->n) {
        b->file = &s->inputs->list[s->at];
        b->text.n = 0;
        b->document = b->too_long = b->slow = false;
        b->fault = NULL;
        bool some = s->ended ? false : s->source || begin_file(s, b) ? fill(s, b) : true;
        b->position = s->before + (s->source ? source_position(s->source) : 0);
        if (!some || b->fault) end_file(s);
        if (some) return true;
    }
    return false;
}

void blocks_close(blocks *s) {
    if (s->source) source_close(s->source);
    bytes_free(&s->carry);
    s->source = NULL;
}
