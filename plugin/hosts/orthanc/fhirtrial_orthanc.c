/* SPDX-License-Identifier: Apache-2.0 */
/* fhirtrial_orthanc.c: the library as a plugin of Orthanc, the imaging server, as proof that a
 * native host takes it. Its part of Orthanc's configuration:
 *
 *   "Plugins": ["/usr/lib/fhirtrial/fhirtrial_orthanc.so"],
 *   "Fhirtrial": { "Library": "/usr/local/lib/libfhirtrial.so.0", "Configuration":
 * "/etc/fhirtrial.json" }
 *
 * POST /fhirtrial takes a message: 200 with the result; 422 with its OperationOutcome where it must
 * not be sent again; 503 where it must, later; 500 else. GET /fhirtrial/health answers the query
 * `health`. Requests run on Orthanc's threads at the same time; Orthanc's own users and TLS guard
 * them. Flags leave by the library's workers ("threads" of at least 1). */
#include "hosts/native/native.h"

#include <cjson/cJSON.h>
#include <orthanc/OrthancCPlugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONFIGURATION_MOST = 1 << 24, DRAIN_MS = 5000, RETRY_SECONDS = 10 };

static OrthancPluginContext *orthanc;
static native library;
static int32_t handle;

/* --- answering --- */

static uint16_t status_of(int32_t code) {
    switch (code) {
    case FHIRTRIAL_OK:
    case FHIRTRIAL_NOMATCH: return 200;
    case FHIRTRIAL_E_ARG:
    case FHIRTRIAL_E_PARSE:
    case FHIRTRIAL_E_REJECT: return 422;
    case FHIRTRIAL_E_RETRY:
    case FHIRTRIAL_E_FULL:
    case FHIRTRIAL_E_NOMEM:
    case FHIRTRIAL_E_CLOSED: return 503;
    default: return 500;
    }
}

/* Gives the text with the status that the code stands for, and frees it. */
static OrthancPluginErrorCode answer(OrthancPluginRestOutput *output, int32_t code,
                                     native_text *text) {
    uint16_t status = status_of(code);
    char seconds[16];
    snprintf(seconds, sizeof seconds, "%d", RETRY_SECONDS);
    if (status == 503) OrthancPluginSetHttpHeader(orthanc, output, "Retry-After", seconds);
    const char *body = text->n > 0 ? text->p : library.strerror(code);
    uint32_t n = (uint32_t)strlen(body);
    if (status == 200) {
        OrthancPluginAnswerBuffer(orthanc, output, body, n, "application/json");
    } else {
        OrthancPluginSetHttpHeader(orthanc, output, "Content-Type", "application/json");
        OrthancPluginSendHttpStatus(orthanc, output, status, body, n);
    }
    free(text->p);
    return OrthancPluginErrorCode_Success;
}

static OrthancPluginErrorCode on_message(OrthancPluginRestOutput *output, const char *url,
                                         const OrthancPluginHttpRequest *request) {
    native_text text = {0};
    (void)url;
    if (request->method != OrthancPluginHttpMethod_Post) {
        OrthancPluginSendMethodNotAllowed(orthanc, output, "POST");
        return OrthancPluginErrorCode_Success;
    }
    int32_t code = native_process(&library, handle, request->body, request->bodySize, NULL, &text);
    return answer(output, code, &text);
}

static OrthancPluginErrorCode on_health(OrthancPluginRestOutput *output, const char *url,
                                        const OrthancPluginHttpRequest *request) {
    native_text text = {0};
    (void)url;
    if (request->method != OrthancPluginHttpMethod_Get) {
        OrthancPluginSendMethodNotAllowed(orthanc, output, "GET");
        return OrthancPluginErrorCode_Success;
    }
    int32_t code = native_query(&library, handle, "health", &text);
    return answer(output, code, &text);
}

/* The library's lines on their way to Orthanc's log. */
static void on_log(void *user, int32_t level, const char *line) {
    (void)user;
    if (level >= FHIRTRIAL_LOG_ERROR)
        OrthancPluginLogError(orthanc, line);
    else if (level == FHIRTRIAL_LOG_WARNING)
        OrthancPluginLogWarning(orthanc, line);
    else
        OrthancPluginLogInfo(orthanc, line);
}

/* --- starting and ending --- */

static int32_t refuse(const char *what, const char *why) {
    char text[4096];
    snprintf(text, sizeof text, "fhirtrial: %s: %s", what, why);
    OrthancPluginLogError(orthanc, text);
    return -1;
}

static char *read_file(const char *path, int64_t *n) {
    FILE *file = fopen(path, "rb");
    char *text = malloc(CONFIGURATION_MOST);
    *n = file && text ? (int64_t)fread(text, 1, CONFIGURATION_MOST, file) : -1;
    if (file) fclose(file);
    if (*n >= 0) return text;
    free(text);
    return NULL;
}

static int32_t open_handle(const char *path) {
    int64_t n;
    native_text why = {0};
    char *text = read_file(path, &n);
    if (!text) return refuse(path, "cannot be read: name it in Fhirtrial.Configuration");
    int32_t code = library.open(FHIRTRIAL_ABI, text, n, &handle);
    free(text);
    if (code == FHIRTRIAL_OK) return 0;
    (void)native_query(&library, 0, "last-error", &why);
    refuse(path, why.p ? why.p : library.strerror(code));
    free(why.p);
    return -1;
}

static int32_t start(const cJSON *root) {
    const cJSON *ours = cJSON_GetObjectItemCaseSensitive(root, "Fhirtrial");
    const char *file = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(ours, "Library"));
    const char *path =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(ours, "Configuration"));
    const char *why;
    if (!path) return refuse("Fhirtrial.Configuration", "is missing in Orthanc's configuration");
    if (!native_load(&library, file, &why)) return refuse(file ? file : "libfhirtrial.so.0", why);
    if (open_handle(path) != 0) {
        native_unload(&library);
        return -1;
    }
    library.on_log(handle, FHIRTRIAL_LOG_INFO, on_log, NULL);
    OrthancPluginRegisterRestCallbackNoLock(orthanc, "/fhirtrial", on_message);
    OrthancPluginRegisterRestCallbackNoLock(orthanc, "/fhirtrial/health", on_health);
    return 0;
}

/* The names that Orthanc looks for. */
__attribute__((visibility("default"))) int32_t OrthancPluginInitialize(OrthancPluginContext *);
__attribute__((visibility("default"))) void OrthancPluginFinalize(void);
__attribute__((visibility("default"))) const char *OrthancPluginGetName(void);
__attribute__((visibility("default"))) const char *OrthancPluginGetVersion(void);

int32_t OrthancPluginInitialize(OrthancPluginContext *context) {
    orthanc = context;
    if (!OrthancPluginCheckVersion(context))
        return refuse("Orthanc", "is older than the headers this plugin was built with");
    char *text = OrthancPluginGetConfiguration(context);
    cJSON *root = text ? cJSON_Parse(text) : NULL;
    int32_t result = start(root);
    cJSON_Delete(root);
    OrthancPluginFreeString(context, text);
    return result;
}

void OrthancPluginFinalize(void) {
    if (handle != 0) (void)library.close(handle, DRAIN_MS);
    handle = 0;
    native_unload(&library);
}

const char *OrthancPluginGetName(void) { return "fhirtrial"; }

const char *OrthancPluginGetVersion(void) { return "0.1.0"; }
