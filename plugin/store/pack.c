/* SPDX-License-Identifier: Apache-2.0 */
/* Compressed documents: Zstandard frames (RFC 8878) with a checksum; zlib streams of earlier
 * releases are read too. The two cannot be taken for each other: a frame's first two bytes are no
 * zlib header (RFC 1950: a multiple of 31). */
#include "store/state.h"

#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

enum { PACK_LEVEL = 1 };

/* Made once: its tables are greater than most of what it packs. */
struct packer {
    ZSTD_CCtx *context;
};

void packer_free(struct packer *p) {
    if (p) ZSTD_freeCCtx(p->context);
    free(p);
}

static ZSTD_CCtx *packing(store *s) {
    if (s->packer) return s->packer->context;
    struct packer *p = calloc(1, sizeof *p);
    if (p) p->context = ZSTD_createCCtx();
    if (p && p->context &&
        !ZSTD_isError(ZSTD_CCtx_setParameter(p->context, ZSTD_c_compressionLevel, PACK_LEVEL)) &&
        !ZSTD_isError(ZSTD_CCtx_setParameter(p->context, ZSTD_c_checksumFlag, 1))) {
        s->packer = p;
        return p->context;
    }
    packer_free(p);
    return NULL;
}

str pack(call *c, str text) {
    ZSTD_CCtx *context = packing(c->store);
    size_t room = ZSTD_compressBound((size_t)text.n);
    char *packed = arena_new(c->arena, char, (isize)room);
    size_t n =
        context ? ZSTD_compress2(context, packed, room, text.p ? text.p : "", (size_t)text.n) : 0;
    if (context && !ZSTD_isError(n)) return (str){packed, (isize)n};
    db_fail(c->db, STORE_BUSY, "store: no memory to compress: nothing was stored; try again");
    return (str){0};
}

static bool is_frame(str packed) { return str_starts(packed, S("\x28\xb5\x2f\xfd")); }

/* How many bytes came out; -1 where the stream is damaged or longer than `size`. */
static int64_t read_stream(str packed, char *text, int64_t size) {
    if (is_frame(packed)) {
        size_t n = ZSTD_decompress(text, (size_t)size, packed.p, (size_t)packed.n);
        return ZSTD_isError(n) ? -1 : (int64_t)n;
    }
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
