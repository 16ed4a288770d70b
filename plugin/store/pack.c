/* SPDX-License-Identifier: Apache-2.0 */
/* Compressed documents: Zstandard frames (RFC 8878) with a checksum; zlib streams of earlier
 * releases are read too. A byte MARK before the frame says that it was packed with the dictionary.
 * The three cannot be taken for each other: neither a frame's first two bytes nor MARK and a
 * frame's first are a zlib header (RFC 1950: 8 in the low half, a multiple of 31). */
#include "store/state.h"

#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

enum {
    LEVEL = 1,
    DICTIONARY_LEVEL = -5,     /* a third of the time, and with the dictionary still smaller */
    DICTIONARY_LONGEST = 8192, /* a longer document has words enough of its own */
    MARK = 1
};

/* Made once: its tables are greater than most of what it packs. */
struct packer {
    ZSTD_CCtx *plain, *with_words;
    ZSTD_CDict *words;
};

void packer_free(struct packer *p) {
    if (!p) return;
    ZSTD_freeCCtx(p->plain);
    ZSTD_freeCCtx(p->with_words);
    ZSTD_freeCDict(p->words);
    free(p);
}

static ZSTD_CCtx *new_context(int level) {
    ZSTD_CCtx *c = ZSTD_createCCtx();
    if (c && !ZSTD_isError(ZSTD_CCtx_setParameter(c, ZSTD_c_compressionLevel, level)) &&
        !ZSTD_isError(ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1)))
        return c;
    ZSTD_freeCCtx(c);
    return NULL;
}

static const struct packer *packing(store *s) {
    if (s->packer) return s->packer;
    struct packer *p = calloc(1, sizeof *p);
    if (!p) return NULL;
    p->plain = new_context(LEVEL);
    p->with_words = new_context(DICTIONARY_LEVEL);
    p->words = ZSTD_createCDict(pack_dictionary.p, (size_t)pack_dictionary.n, DICTIONARY_LEVEL);
    if (p->plain && p->with_words && p->words &&
        !ZSTD_isError(ZSTD_CCtx_refCDict(p->with_words, p->words))) {
        s->packer = p;
        return p;
    }
    packer_free(p);
    return NULL;
}

static str pack_behind(call *c, ZSTD_CCtx *context, str mark, str text) {
    size_t room = ZSTD_compressBound((size_t)text.n);
    char *packed = arena_new(c->arena, char, mark.n + (isize)room);
    for (isize i = 0; i < mark.n; i++) packed[i] = mark.p[i];
    size_t n = context ? ZSTD_compress2(context, packed + mark.n, room, text.p ? text.p : "",
                                        (size_t)text.n)
                       : 0;
    if (context && !ZSTD_isError(n)) return (str){packed, mark.n + (isize)n};
    db_fail(c->db, STORE_BUSY, "store: no memory to compress: nothing was stored; try again");
    return (str){0};
}

str pack(call *c, str text) {
    const struct packer *p = packing(c->store);
    return pack_behind(c, p ? p->plain : NULL, (str){0}, text);
}

str pack_resource(call *c, str text) {
    static const char mark[] = {MARK};
    const struct packer *p = packing(c->store);
    if (text.n > DICTIONARY_LONGEST) return pack(c, text);
    return pack_behind(c, p ? p->with_words : NULL, (str){mark, 1}, text);
}

static bool is_frame(str packed) { return str_starts(packed, S("\x28\xb5\x2f\xfd")); }

static int64_t read_frame(str packed, str dictionary, char *text, int64_t size) {
    ZSTD_DCtx *context = ZSTD_createDCtx();
    size_t n = context
                   ? ZSTD_decompress_usingDict(context, text, (size_t)size, packed.p,
                                               (size_t)packed.n, dictionary.p, (size_t)dictionary.n)
                   : 0;
    bool good = context && !ZSTD_isError(n);
    ZSTD_freeDCtx(context);
    return good ? (int64_t)n : -1;
}

/* How many bytes came out; -1 where the stream is damaged or longer than `size`. */
static int64_t read_stream(str packed, char *text, int64_t size) {
    if (is_frame(packed)) return read_frame(packed, (str){0}, text, size);
    if (packed.n > 0 && packed.p[0] == MARK)
        return read_frame(str_slice(packed, 1, packed.n), pack_dictionary, text, size);
    uLongf length = (uLongf)size;
    int code = uncompress((Bytef *)text, &length, (const Bytef *)packed.p, (uLong)packed.n);
    return code == Z_OK ? (int64_t)length : -1;
}

str unpack(call *c, str packed, int64_t size) {
    if (!db_ok(c->db) || size < 0) size = 0;
    char *text = arena_new(c->arena, char, size + 1);
    if (!db_ok(c->db)) return (str){text, 0};
    if (read_stream(packed, text, size) == size) return (str){text, (isize)size};
    db_fail(c->db, STORE_BROKEN,
            "store: a kept document is damaged: stop, keep the file, and restore a backup");
    return (str){text, 0};
}
