/* SPDX-License-Identifier: Apache-2.0 */
/* What comes before reading: which format it is, whether it is too large, where a line ends. */
#include "fhir/read.h"

#include "fhir/read_state.h"

#include <string.h>

str read_without_mark(str bytes) {
    if (bytes.n && bytes.p[0] == '{') return bytes;
    return str_starts(bytes, S("\xEF\xBB\xBF")) ? str_slice(bytes, 3, bytes.n) : bytes;
}

read_format read_sniff(str bytes) {
    bytes = read_without_mark(bytes);
    for (isize i = 0; i < bytes.n; i++) {
        char c = bytes.p[i];
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n') continue;
        return c == '{' ? FORMAT_JSON : c == '<' ? FORMAT_XML : FORMAT_UNKNOWN;
    }
    return FORMAT_UNKNOWN;
}

bool read_size_ok(str bytes, const read_options *options, fault *fault) {
    isize most = options && options->max_bytes > 0 ? options->max_bytes : LIMIT_MESSAGE_BYTES;
    if (most > INT32_MAX) most = INT32_MAX; /* nodes hold lengths in 32 bits */
    if (bytes.n <= most) return true;
    fault_set(fault, FAULT_LIMIT, most,
              "the message is larger than the limit of %td bytes; send smaller Bundles", most);
    return false;
}

static bool blank(str line) {
    for (isize i = 0; i < line.n; i++)
        if (line.p[i] != ' ' && line.p[i] != '\t' && line.p[i] != '\r') return false;
    return true;
}

bool read_next_line(str *rest, str *line) {
    while (rest->n > 0) {
        *rest = read_without_mark(*rest);
        const char *feed = memchr(rest->p, '\n', (size_t)rest->n);
        isize n = feed ? feed - rest->p : rest->n;
        *line = (str){rest->p, n};
        *rest = str_slice(*rest, feed ? n + 1 : n, rest->n);
        if (line->n && line->p[line->n - 1] == '\r') line->n--;
        if (!blank(*line)) return true;
    }
    return false;
}
bool read_resource(arena *a, str bytes, const read_options *options, problems *found, tape *out,
                   fault *fault) {
    switch (read_sniff(bytes)) {
    case FORMAT_JSON: return read_json(a, bytes, options, found, out, fault);
    case FORMAT_XML: return read_xml(a, bytes, options, found, out, fault);
    case FORMAT_UNKNOWN: break;
    }
    fault_set(fault, FAULT_INPUT, 0,
              bytes.n ? "neither FHIR JSON nor FHIR XML; the message must begin with { or <"
                      : "the message is empty");
    return false;
}
