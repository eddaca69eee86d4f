/* main.c - the mho program: a table of commands. */
#define _GNU_SOURCE
#include "cli.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const cli_command commands[] = {
    {"run", "Put a network on chips and measure what becomes of it.",
     "EXPERIMENT [OPTIONS]\n       mho run NET.onnx --data DATA [OPTIONS]\n\nExperiments:\n"
     "  lenet5-mott                LeNet-5 on handwritten digits, Mott neurons, CBRAM synapses\n\n"
     "mho run NET.onnx --help lists the options for a network from a file.\n\n"
     "Options:",
     "mho run lenet5-mott --data mnist/ --report run.html", cmd_run, true},
    {"sweep", "Studies: many chips over many values of the chip file, on one machine or many.",
     "STUDY.yaml [OPTIONS]\nmpirun -n K mho sweep STUDY.yaml [OPTIONS]\n\nThe same command goes on "
     "where an earlier one stopped. Options:",
     "mho sweep examples/lenet5-wires.yaml", cmd_sweep, true},
    {"array", "Exact currents of a crossbar array with wire resistance.",
     "(--conductances G.npy | --weights W.npy | --random RxC) [OPTIONS]",
     "mho array --random 128x128 --wire 2 --random-inputs 100 --compare ideal --map drop.png",
     cmd_array, false},
    {"image", "Edges of a photograph through crossbar and neurons.",
     "(PHOTO | --bsds DIR) [OPTIONS]", "mho image photo.png --compare --report edges.html",
     cmd_image, false},
    {"fit", "Fit a device model to a measurement and write its card.",
     "MODEL FILE.csv [OPTIONS]\n\nModels:\n"
     "  vo2       R(T) loop of a VO2 film: columns temperature, resistance\n"
     "  pulsed    potentiation and depression: columns pulse, conductance [, direction]\n"
     "  pcm       programming statistics: columns target, measured [, time [, device]]\n\n"
     "Options:",
     "mho fit vo2 loop.csv --mixing gem --bootstrap 500 --card-out film.yaml --plot fit.png",
     cmd_fit, false},
    {"learn", "Let optomemristors and dendrites learn and compute.", "TASK [OPTIONS]",
     "mho learn xor --report xor.html", cmd_learn, false},
    {"net", "Networks from ONNX files: layers, cells, exact results.",
     "(NET.onnx | lenet5) [OPTIONS]", "mho net resnet20.onnx --rows 256 --cols 256", cmd_net,
     false},
    {"transient", "Devices in time: neuron, oscillator, optomemristor, any model.",
     "(neuron | oscillator | opto | MODEL) [OPTIONS]\n\n"
     "  neuron        the Mott neuron: one evaluation (full scale, reset, settle, read), or "
     "--drive\n"
     "  oscillator    a VO2 film that heats itself behind a resistor, with a capacitor\n"
     "  opto          the optomemristor under light and voltage\n"
     "  MODEL         any model of mho device --list, or your own with --model\n\nOptions:",
     "mho transient neuron --card T --z 0.5 --plot neuron.svg", cmd_transient, false},
    {"export", "Circuits as netlists for ngspice, run and compared on request.",
     "spice (array | neuron | array-neurons) (--out FILE | --run) [OPTIONS]",
     "mho export spice neuron --card T --transient --out neuron.cir --run", cmd_export, false},
    {"device", "Device models on the bench: cards, curves, automatic design.",
     "--list | MODEL [OPTIONS]\n\n"
     "With a model alone: what it is. With --card alone: its parameters.\n\nOptions:",
     "mho device vo2-neuron --card T --curve rt --plot loop.svg", cmd_device, false},
    {NULL, NULL, NULL, NULL, NULL, false},
};

static void print_commands(FILE *to) {
    fprintf(to, "mho %s: neural networks made of nanodevices\n\nUsage: mho COMMAND [OPTIONS]\n\n",
            mho_version());
    for (const cli_command *c = commands; c->name; c++) {
        fprintf(to, "  %-10s %s\n", c->name, c->summary);
    }
    fprintf(to, "\nmho COMMAND --help tells more and gives an example.\n");
}

/* libgomp lets idle threads spin for milliseconds, which on a busy machine takes the processor from
 * those that work. It reads its settings when it is loaded, so the program starts itself once more.
 */
static void calm_threads(char **argv) {
    if (!getenv("GOMP_SPINCOUNT") && !getenv("OMP_WAIT_POLICY") &&
        setenv("GOMP_SPINCOUNT", "20000", 0) == 0) {
        execv("/proc/self/exe", argv); /* where that fails, things go on as they are */
    }
}

/* A standard stream that is closed would hand its number to the first file that is opened, and what
 * is printed would go there. Its place is taken by something that can be neither read nor written.
 */
static bool hold_streams(void) {
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd ? O_RDONLY : O_WRONLY) != fd) {
            return false;
        }
    }
    return true;
}

static int dispatch(int argc, char **argv) {
    if (argc < 2) {
        print_commands(stderr);
        return CLI_BAD_INPUT;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        print_commands(stdout);
        return CLI_DONE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("mho %s\n", mho_version());
        return CLI_DONE;
    }
    for (const cli_command *c = commands; c->name; c++) {
        if (strcmp(argv[1], c->name) == 0) {
            cli_signals(c->resumes);
            return c->run(argc - 1, argv + 1, c);
        }
    }
    return cli_usage_error("\"%s\" is not a command; mho --help lists them", argv[1]);
}

int main(int argc, char **argv) {
    if (!hold_streams()) {
        return CLI_INTERNAL; /* there may be nowhere to say why */
    }
    calm_threads(argv);
    return cli_end(dispatch(argc, argv));
}
