/* SPDX-License-Identifier: Apache-2.0 */
/* Compressed documents: what is written now, what earlier releases wrote, and damage. */
#include "store_help.h"
#include "unit.h"

#include "store/state.h"

#include <stdlib.h>

static const char *kept_text(shelf *s, store_status *status) {
    stale_resource *list;
    isize n;
    *status = store_stale(s->store, &s->arena, S("d2"), 9, &list, &n, &s->fault);
    if (*status == STORE_OK && n == 1)
        *status = store_stale_bytes(s->store, &s->arena, &list[0], &s->fault);
    return *status == STORE_OK && n == 1 ? list[0].bytes.p : "";
}

static void written_as_a_frame(void) {
    shelf s;
    store_status status;
    CHECK_OR_RETURN(shelf_open(&s, "pack-frame"));
    CHECK_INT(shelf_put(&s, "Observation", "o1", "p1", "", "{\"a\":7.60}"), STORE_OK);
    CHECK_STR(shelf_text(&s, "SELECT hex(substr(bytes, 1, 5)) FROM kept"), "0128B52FFD");
    CHECK_STR(kept_text(&s, &status), "{\"a\":7.60}");
    shelf_close(&s);
}

/* "{"a":7.60}" as a zlib stream, of Python's zlib.compress(text, 4). */
#define STREAM "785EAB564A54B232D73333A805000EA602A3"

static void streams_of_earlier_releases(void) {
    shelf s;
    store_status status;
    CHECK_OR_RETURN(shelf_open(&s, "pack-stream"));
    CHECK_INT(shelf_put(&s, "Observation", "o1", "p1", "", "{\"b\":8.61}"), STORE_OK);
    CHECK(shelf_exec(&s, "UPDATE kept SET bytes = X'" STREAM "'"));
    CHECK_STR(kept_text(&s, &status), "{\"a\":7.60}");
    CHECK(shelf_exec(&s, "UPDATE kept SET bytes_size = 9"));
    CHECK_STR(kept_text(&s, &status), "");
    CHECK_INT(status, STORE_BROKEN);
    shelf_close(&s);
}

/* A frame without a dictionary, written by hand after RFC 8878: magic, one segment of 10 bytes, one
 * last block of 10 bytes as they are. */
#define FRAME                                                                                      \
    "28B52FFD"                                                                                     \
    "200A"                                                                                         \
    "510000"                                                                                       \
    "7B2261223A372E36307D"

static void frames_without_a_dictionary(void) {
    shelf s;
    store_status status;
    CHECK_OR_RETURN(shelf_open(&s, "pack-plain"));
    CHECK_INT(shelf_put(&s, "Observation", "o1", "p1", "", "{\"b\":8.61}"), STORE_OK);
    CHECK(shelf_exec(&s, "UPDATE kept SET bytes = X'" FRAME "'"));
    CHECK_STR(kept_text(&s, &status), "{\"a\":7.60}");
    shelf_close(&s);
}

/* What common resources share costs next to nothing, and is still read as long as the dictionary
 * stays what it was: PACKED is `shared` as the first release that had it packed it. */
static const char shared[] =
    "{\"resourceType\":\"Observation\",\"id\":\"o1\",\"meta\":{\"versionId\":\"1\"},\"status\":"
    "\"final\",\"subject\":{\"reference\":\"Patient/p1\"},\"effectiveDateTime\":\"2025-03-01\"}";
#define PACKED                                                                                     \
    "0128B52FFD24980D0100486F3170332D3031227D070066CB4256E12E57136A040DF68905F1892482CE020877C011" \
    "1C"

static void the_dictionary_stays(void) {
    shelf s;
    store_status status;
    CHECK_OR_RETURN(shelf_open(&s, "pack-dictionary"));
    CHECK_INT(shelf_put(&s, "Observation", "o1", "p1", "", shared), STORE_OK);
    CHECK(shelf_number(&s, "SELECT length(bytes) FROM kept") < (long long)sizeof shared / 2);
    CHECK_STR(kept_text(&s, &status), shared);
    CHECK(shelf_exec(&s, "UPDATE kept SET bytes = X'" PACKED "'"));
    CHECK_STR(kept_text(&s, &status), shared);
    shelf_close(&s);
}

/* Each of its bytes, for words that stand in no document above. */
static void the_dictionary_as_a_whole(void) {
    uint8_t hash[DIGEST_BYTES];
    char hex[DIGEST_HEX + 1] = "";
    CHECK_OR_RETURN(shelf_digest.sha256(pack_dictionary, hash));
    digest_hex(hash, hex);
    CHECK_STR(hex, "28f74620e262ffa7b6adce0cefa1296259e55122753413aec6b3fb4d4967c91a");
}

/* A long document is packed by itself. */
static void a_long_document(void) {
    static char text[8300];
    shelf s;
    store_status status;
    memset(text, 'a', sizeof text - 1);
    CHECK_OR_RETURN(shelf_open(&s, "pack-long"));
    CHECK_INT(shelf_put(&s, "Observation", "o1", "p1", "", text), STORE_OK);
    CHECK_STR(shelf_text(&s, "SELECT hex(substr(bytes, 1, 4)) FROM kept"), "28B52FFD");
    CHECK_STR(kept_text(&s, &status), text);
    shelf_close(&s);
}

/* A document of another length, cut off, or with any byte changed is none. */
static void damage_is_noticed(void) {
    static const char *const damage[] = {
        "UPDATE kept SET bytes_size = bytes_size - 1",
        "UPDATE kept SET bytes_size = bytes_size + 1",
        "UPDATE kept SET bytes = substr(bytes, 1, length(bytes) - 1)",
        "UPDATE kept SET bytes = X''",
        /* so short a document stands in its frame as it is; its checksum tells */
        ("UPDATE kept SET bytes = CAST(substr(bytes, 1, instr(bytes, CAST('abcdefgh' AS BLOB)) + 6)"
         " || 'i' || substr(bytes, -4) AS BLOB)")};
    shelf s;
    store_status status;
    CHECK_OR_RETURN(shelf_open(&s, "pack-damage"));
    CHECK_INT(shelf_put(&s, "Observation", "o1", "p1", "", "abcdefgh"), STORE_OK);
    CHECK(shelf_exec(&s, "CREATE TABLE copy AS SELECT bytes, bytes_size FROM kept"));
    for (size_t i = 0; i < sizeof damage / sizeof *damage; i++) {
        CHECK(shelf_exec(&s, damage[i]));
        CHECK_STR(kept_text(&s, &status), "");
        CHECK_MSG(status == STORE_BROKEN, "%s", damage[i]);
        CHECK(strstr(s.fault.text, "damaged") != NULL);
        CHECK(shelf_exec(&s, "UPDATE kept SET (bytes, bytes_size) ="
                             " (SELECT bytes, bytes_size FROM copy)"));
    }
    CHECK_STR(kept_text(&s, &status), "abcdefgh");
    shelf_close(&s);
}

const unit_test store_pack_suite[] = {
    UNIT_TEST(written_as_a_frame),          UNIT_TEST(streams_of_earlier_releases),
    UNIT_TEST(frames_without_a_dictionary), UNIT_TEST(the_dictionary_stays),
    UNIT_TEST(the_dictionary_as_a_whole),   UNIT_TEST(a_long_document),
    UNIT_TEST(damage_is_noticed),           UNIT_END,
};
