/* SPDX-License-Identifier: Apache-2.0 */
/* The senders of a handle: stepped by the host, or each on a thread of its own. */
#include "plugin_kit.h"
#include "unit.h"

static void what_waits_is_sent_in_steps(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "outgoing-step", ""));
    CHECK(!outgoing_waiting(k.instance));
    CHECK_INT(outgoing_step(k.instance, 100), FHIRTRIAL_OK); /* nothing is due */
    plugin_eligible(&k, "a");
    CHECK(outgoing_waiting(k.instance));
    plugin_send(&k);
    CHECK(!outgoing_waiting(k.instance));
    CHECK_INT(plugin_count(&k, "`resourceType`:`Flag`"), 1);
    plugin_ask(&k, "outbox");
    CHECK_TOLD(&k, "`state`:`done`");
    plugin_close(&k);
}

static void threads_send_by_themselves(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "outgoing-thread", "`threads`:1,"));
    CHECK_INT(k.instance->sender_count, 1);
    CHECK(k.instance->senders[0].threaded);
    plugin_eligible(&k, "a");
    for (int i = 0; i < 3000 && outgoing_waiting(k.instance); i++) outgoing_pause();
    CHECK(!outgoing_waiting(k.instance));
    CHECK_INT(outgoing_step(k.instance, 100), FHIRTRIAL_OK); /* the host has nothing to do */
    plugin_close(&k);
}

static void its_state_is_told(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "outgoing-status", ""));
    plugin_ask(&k, "health");
    CHECK_TOLD(&k, "`endpoint`:`file`");
    plugin_close(&k);
}

static void one_sender_an_endpoint(void) {
    plugin_kit k, other;
    CHECK_OR_RETURN(plugin_open(&k, "outgoing-one", ""));
    other = k;
    CHECK_OR_RETURN(plugin_reopen(&other)); /* a second handle on the same store */
    plugin_eligible(&k, "a");
    plugin_send(&k);
    CHECK_INT(plugin_count(&k, "`resourceType`:`Flag`"), 1);
    plugin_send(&other);
    CHECK_INT(plugin_count(&other, "`resourceType`:`Flag`"), 1); /* once */
    plugin_close(&other);
    plugin_close(&k);
}

const unit_test plugin_outgoing_suite[] = {
    UNIT_TEST(what_waits_is_sent_in_steps), UNIT_TEST(threads_send_by_themselves),
    UNIT_TEST(its_state_is_told), UNIT_TEST(one_sender_an_endpoint), UNIT_END};
