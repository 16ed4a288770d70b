/* SPDX-License-Identifier: Apache-2.0 */
/* init.c: libcurl and OpenSSL belong to the host process, which may have initialised them already
 * or may do so later; both count their initialisations, and ours is never taken back. */
#include "deliver/deliver.h"

#include <curl/curl.h>
#include <openssl/crypto.h>
#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool ready;

static const char *initialise(void) {
    if (OPENSSL_init_crypto(0, NULL) != 1) return "OpenSSL cannot be initialised";
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return "libcurl cannot be initialised";
    const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
    if (!(info->features & CURL_VERSION_SSL)) return "libcurl was built without TLS";
    if (!info->ssl_version || !str_starts(str_from(info->ssl_version), S("OpenSSL/")))
        return "libcurl does not use OpenSSL: install libcurl4, not the GnuTLS or NSS flavour";
    return NULL;
}

bool deliver_init(fault *fault) {
    pthread_mutex_lock(&lock);
    const char *wrong = ready ? NULL : initialise();
    ready = ready || !wrong;
    pthread_mutex_unlock(&lock);
    if (wrong) fault_set(fault, FAULT_INTERNAL, -1, "%s", wrong);
    return !wrong;
}
