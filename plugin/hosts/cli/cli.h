/* SPDX-License-Identifier: Apache-2.0 */
/* cli.h: the host commands of the program `fhirtrial`: run, record, explain, outbox, audit,
 * quarantine, conformance, endpoints, export. They are a host like any other: they load the shared
 * object with dlopen and see fhirtrial.h only. Data goes to standard output, diagnostics and
 * progress to standard error. Each command has --help with an example. */
#ifndef FHIRTRIAL_HOSTS_CLI_CLI_H
#define FHIRTRIAL_HOSTS_CLI_CLI_H

/* Exit codes of the host commands. */
enum {
    CLI_DONE = 0,
    CLI_REFUSED = 1, /* some messages were refused; an audit chain is broken; a file is there */
    CLI_USAGE = 2,   /* wrong arguments, configuration or library */
    CLI_WAITING = 3, /* done, but Flags are parked or still wait for an endpoint */
    CLI_NOTHING = 4, /* nothing is known of what was asked for */
    CLI_FAILED = 5   /* the store or the library failed */
};

/* argv[0] is the command's own name. */
int cli_run(int argc, char **argv);
int cli_record(int argc, char **argv);
int cli_explain(int argc, char **argv);
int cli_outbox(int argc, char **argv);
int cli_audit(int argc, char **argv);
int cli_conformance(int argc, char **argv);
int cli_quarantine(int argc, char **argv);
int cli_endpoints(int argc, char **argv);
int cli_export(int argc, char **argv);

#endif
