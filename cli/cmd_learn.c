/* cmd_learn.c - mho learn: finds the task. */
#include "learn.h"

#include <stdio.h>
#include <string.h>

typedef struct task {
    const char *name, *summary;
    int (*run)(int argc, char **argv);
} task;

static const task tasks[] = {
    {"xor", "XOR in one neuron with two shunting dendrites, yield against spread", learn_xor},
    {"parity", "parity of several bits in one neuron with a tree of dendrites", learn_parity},
    {NULL, NULL, NULL},
};

int cmd_learn(int argc, char **argv, const cli_command *self) {
    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        printf("%s\n\nUsage: mho learn %s\n\nTasks:\n", self->summary, self->usage);
        for (const task *t = tasks; t->name; t++) {
            printf("  %-12s %s\n", t->name, t->summary);
        }
        printf("\nmho learn TASK --help tells more.\n\nExample:\n  %s\n", self->example);
        return CLI_DONE;
    }
    for (const task *t = tasks; argc > 1 && t->name; t++) {
        if (strcmp(argv[1], t->name) == 0) {
            return t->run(argc - 1, argv + 1);
        }
    }
    return cli_usage_error("\"%s\" is not a task; mho learn --help lists them",
                           argc > 1 ? argv[1] : "");
}
