/* gradus: one binary with a command for each task. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "base/text.h"
#include "server/server.h"

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} commands[] = {
    {"serve", serve_command, "serve an academy"},
    {"demo", demo_command, "fill an empty data folder with a demo academy"},
    {"check", check_command, "find problems in content, exams and labs"},
    {"lab", lab_cli_command, "prove lab scenarios, run a solution"},
    {"user", user_command, "add, list, reset, import people"},
    {"verify", verify_command, "verify a credential"},
    {"key", key_command, "list the signing keys, add one"},
    {"audit", audit_command, "check the chain of the audit log"},
    {"backup", backup_command, "write the academy into one archive while it is in use"},
    {"restore", restore_command, "put a backup in place"},
    {"draw", draw_command, "draw a certificate (what serve starts)"},
    {"keeping", keeping_command, "what is kept how long"},
    {"stats", stats_command, "numbers about an academy"},
    {"routes", routes_command, "list every URL with its method and roles"},
};

static int help(FILE *out, int status) {
    fputs("usage: gradus COMMAND [OPTIONS]\n\n", out);
    for (size_t i = 0; i < COUNT_OF(commands); i++)
        fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].help);
    fputs(
        "\nEach command has --help. Exit status: 0 fine, 1 problems were found, 2 could not run.\n",
        out);
    return status;
}

int main(int argc, char **argv) {
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file that reaches its size limit is then an error to report, and
                                 does not end the process */
    if (!memory_start()) {
        fputs("gradus: the libraries cannot be started\n", stderr);
        return 2;
    }
    codec_start();
    if (argc < 2) return help(stderr, 2);
    if (str_eq(argv[1], "--help") || str_eq(argv[1], "help")) return help(stdout, 0);
    for (size_t i = 0; i < COUNT_OF(commands); i++)
        if (str_eq(argv[1], commands[i].name)) return commands[i].run(argc - 1, argv + 1);
    fprintf(stderr, "gradus: there is no command “%s”\n\n", argv[1]);
    return help(stderr, 2);
}
