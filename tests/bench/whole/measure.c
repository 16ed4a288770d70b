/* SPDX-License-Identifier: Apache-2.0 */
/* measure OUTPUT COMMAND...: runs the command with its standard output in the file OUTPUT and
 * prints, when it has ended, one line: wall seconds, processor seconds (user and system, of all its
 * threads), the peak of its resident memory in KiB, and its exit status. A program of its own
 * because a child inherits the peak of whoever forked it, and a script's is larger than that of
 * what is measured here. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double seconds(struct timeval t) { return (double)t.tv_sec + (double)t.tv_usec / 1e6; }

static _Noreturn void become(const char *output, char **command) {
    int to = open(output, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (to < 0 || dup2(to, STDOUT_FILENO) < 0) {
        perror(output);
        _exit(126);
    }
    close(to);
    execvp(command[0], command);
    perror(command[0]);
    _exit(127);
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fputs("usage: measure OUTPUT COMMAND...\n", stderr);
        return 2;
    }
    struct rusage used;
    int status;
    double start = now();
    pid_t child = fork();
    if (child == 0) become(argv[1], argv + 2);
    if (child < 0 || wait4(child, &status, 0, &used) != child) {
        perror("measure");
        return 2;
    }
    double end = now();
    printf("%.6f %.6f %ld %d\n", end - start, seconds(used.ru_utime) + seconds(used.ru_stime),
           used.ru_maxrss, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    return 0;
}
