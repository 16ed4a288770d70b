/* SPDX-License-Identifier: Apache-2.0 */
/* The program fhirtrial: finds the command and runs it. Tools link the core; host commands load the
 * library as any engine would. */
#include "fhirtrial.h"
#include "hosts/cli/cli.h"
#include "tools/tools.h"

#include <string.h>

typedef struct command {
    const char *name, *summary;
    int (*run)(int argc, char **argv);
} command;

static const command commands[] = {
    {"run", "feed FHIR messages and send the Flags", cli_run},
    {"record", "show what is known of a patient", cli_record},
    {"explain", "show a patient's verdicts with their evidence", cli_explain},
    {"outbox", "list, retry or park what is to be sent", cli_outbox},
    {"audit", "list or verify the audit chain", cli_audit},
    {"quarantine", "list or release messages that ended the process", cli_quarantine},
    {"conformance", "run the auditor's cases against the library", cli_conformance},
    {"endpoints", "show a study's endpoints, by subject and in total", cli_endpoints},
    {"export", "write records to files of the world of trials", cli_export},
    {"check", "check a folder of mappings", tool_check},
    {"try", "show what the mappings make of a sample", tool_try},
    {"view", "run a ViewDefinition over FHIR files", tool_view},
    {"path", "evaluate a FHIRPath expression", tool_path},
    {"suite", "run an official test suite", tool_suite},
};

enum { COMMANDS = sizeof commands / sizeof commands[0] };

static void print_help(FILE *to) {
    fputs("usage: fhirtrial COMMAND [ARGUMENTS]\n"
          "       fhirtrial --version | --help\n\n"
          "FHIR R4 messages become trial records, eligibility verdicts and Flags.\n\n",
          to);
    for (int i = 0; i < COMMANDS; i++)
        fprintf(to, "  %-12s %s\n", commands[i].name, commands[i].summary);
    fputs("\n`fhirtrial COMMAND --help` explains a command and shows an example.\n", to);
}

int main(int argc, char **argv) {
    if (argc >= 2 && strcmp(argv[1], "--version") == 0) {
        printf("fhirtrial %s (interface %u.%u)\n", PACKAGE_VERSION, FHIRTRIAL_ABI >> 16,
               FHIRTRIAL_ABI & 0xffffu);
        return TOOL_OK;
    }
    if (argc >= 2 && strcmp(argv[1], "--help") == 0) {
        print_help(stdout);
        return TOOL_OK;
    }
    for (int i = 0; argc >= 2 && i < COMMANDS; i++)
        if (strcmp(argv[1], commands[i].name) == 0) return commands[i].run(argc - 1, argv + 1);
    if (argc >= 2) fprintf(stderr, "fhirtrial: there is no command \"%s\"\n", argv[1]);
    print_help(stderr);
    return TOOL_USAGE;
}
