/* SPDX-License-Identifier: Apache-2.0 */
/* https_server: an HTTPS server for benchmarks, in a child process: one thread, epoll, TLS 1.3,
 * kept connections. It reads every request whole. GET gets a CapabilityStatement; anything else
 * gets 201 with the body that came, an id put in, as a FHIR server that returns the representation.
 * It stores nothing, so that it is never what is measured. */
#ifndef FHIRTRIAL_TESTS_BENCH_HTTPS_SERVER_H
#define FHIRTRIAL_TESTS_BENCH_HTTPS_SERVER_H

/* Starts the server on a free port of 127.0.0.1 and writes its certificate, which is the authority
 * to trust as well, to `certificate`. It ends with this process. Aborts where it cannot. */
int https_server_start(const char *certificate);

#endif
