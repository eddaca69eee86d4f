/* cli.h - what the commands of the mho program share: options, errors, progress, exit status.
 * The program is a client of the library like any other: public headers only.                 */
#ifndef MHO_CLI_H
#define MHO_CLI_H

#include "mho/mho.h"

/* Exit status of every command. */
enum { CLI_DONE = 0, CLI_BAD_INPUT = 1, CLI_NOT_TRUSTWORTHY = 2, CLI_INTERNAL = 3 };

typedef enum cli_kind {
    CLI_FLAG,   /* --name          value: bool *        */
    CLI_TEXT,   /* --name TEXT     value: const char ** */
    CLI_FILE,   /* --name FILE     the same; "-" is refused: neither read from nor written to */
    CLI_MAYBE,  /* --name [TEXT]   value: const char **, "-" if no text follows */
    CLI_COUNT,  /* --name N        value: long *, >= 0  */
    CLI_NUMBER, /* --name X        value: double *, with the unit in cli_option.unit */
    CLI_SEED,   /* --name S        value: uint64_t *    */
    CLI_LIST    /* --name TEXT, as often as wanted; value: cli_list * */
} cli_kind;

enum { CLI_LIST_MAX = 64 };
typedef struct cli_list {
    int n;
    const char *item[CLI_LIST_MAX];
} cli_list;

typedef struct cli_option {
    const char *name; /* without the dashes */
    cli_kind kind;
    void *value;
    const char *meta; /* what stands for the value in the help: FILE, N, S */
    const char *unit; /* CLI_NUMBER: "ohm", "S", "V" ...; "" a pure number */
    const char *help;
} cli_option;

typedef struct cli_command {
    const char *name, *summary, *usage, *example;
    int (*run)(int argc, char **argv, const struct cli_command *self);
    bool resumes; /* stopped half-way, the same command goes on */
} cli_command;

/* Read options and positional arguments. opt ends with name NULL; positional[max_positional] gets
 * what is not an option, unused places are NULL. Prints help for --help. Returns -1 to go on, else
 * the exit status. */
int cli_parse(const cli_command *cmd, const cli_option *opt, int argc, char **argv,
              const char **positional, int max_positional);

/* Print "mho: <message>" and give the exit status that fits: errors of the user's input 1, internal
 * ones 3, a result that did not converge 2. */
int cli_fail(const mho_ctx *ctx, mho_status status);
/* "128x64": two numbers of digits only, each 1 to most. */
bool cli_shape(const char *text, size_t most, size_t *n_row, size_t *n_col);
int cli_usage_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
#ifdef __clang_analyzer__ /* it sees one file: here is what it would find in options.c */
#define cli_usage_error(...) ((void)(cli_usage_error)(__VA_ARGS__), (int)CLI_BAD_INPUT)
#endif

/* From now on a signal that asks to stop (Ctrl-C, kill, a closed terminal) is a cancellation. */
void cli_signals(bool command_resumes);
/* The last step of the program: whatever was printed has arrived, or the exit status says so. A
 * command that a signal stopped ends by that signal. */
int cli_end(int rc);

/* "mho: out of memory: ... wanted"; the exit status. */
int cli_no_memory(double n_byte);
/* Standard output could not be written, and errno says why. */
void cli_output_lost(int why);
/* Text to a file or, if path is "-", to standard output. */
mho_status cli_text_save(mho_ctx *ctx, const char *text, size_t n_byte, const char *path);

/* A context with a progress bar on a terminal (nothing otherwise), which signals cancel. */
mho_ctx *cli_ctx(long n_thread);
int cli_no_ctx(void);        /* after NULL from cli_ctx: the exit status */
void cli_progress_end(void); /* clears the bar before other output */
/* Where there is no terminal: a line of progress on stderr every so many seconds. */
void cli_progress_log(double every_s);

int cmd_run(int argc, char **argv, const cli_command *self);
int cmd_image(int argc, char **argv, const cli_command *self);
int cmd_array(int argc, char **argv, const cli_command *self);
int cmd_fit(int argc, char **argv, const cli_command *self);
int cmd_sweep(int argc, char **argv, const cli_command *self);
int cmd_net(int argc, char **argv, const cli_command *self);
int cmd_learn(int argc, char **argv, const cli_command *self);
int cmd_device(int argc, char **argv, const cli_command *self);

int cmd_transient(int argc, char **argv, const cli_command *self);
int cmd_export(int argc, char **argv, const cli_command *self);

#endif
