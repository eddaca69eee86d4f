#!/bin/sh
# Arrows point one way: a room includes only the rooms before it; the program only public headers.
# Also: no function that prints, ends the process or allocates behind the context's back.
set -eu
cd "$(dirname "$0")/.."
bad=0
complain() { echo "check_layers: $1"; bad=1; }

before() {
    case $1 in
    base) echo "base" ;;
    io) echo "base io" ;;
    device) echo "base io device" ;;
    circuit) echo "base io device circuit" ;;
    lab) echo "base io device circuit lab" ;;
    network) echo "base io network" ;;
    graph) echo "base io network graph" ;;
    chip) echo "base io device circuit lab network graph chip" ;;
    learn) echo "base io device circuit network graph chip learn" ;;
    study) echo "base io device circuit network graph chip learn study" ;;
    report) echo "base io device circuit lab network graph chip learn study report" ;;
    *) echo "" ;;
    esac
}
# which public header belongs to which room
room_of_header() {
    case $1 in
    array | spice) echo circuit ;;
    mapping) echo chip ;;
    opto | ext | model | synapse) echo device ;;
    fit | transient | spice_neuron) echo lab ;;
    deploy | image | sweep | remedy) echo study ;;
    dendrite) echo learn ;;
    graph | samples) echo graph ;;
    mho) echo report ;;
    *) echo "$1" ;;
    esac
}

for dir in src/*/; do
    room=$(basename "$dir")
    allowed=$(before "$room")
    [ -n "$allowed" ] || complain "src/$room is not a room of docs/architecture.md"
    for file in "$dir"*.[ch]; do
        for inc in $(sed -n 's/^ *# *include *"\([^"]*\)".*/\1/p' "$file"); do
            case $inc in
            mho/*) target=$(room_of_header "$(basename "$inc" .h)") ;;
            */*) target=${inc%%/*} ;;
            *) target=$room ;;
            esac
            echo " $allowed " | grep -q " $target " || complain "$file includes $inc: $room must not know $target"
        done
    done
done
for file in cli/*.[ch]; do
    if grep -nE '#include "(base|io|device|circuit|lab|network|graph|chip|learn|study|report)/' "$file"; then
        complain "$file uses an internal header"
    fi
done

lib=${MHO_BUILD:-build}/libmho.so
if [ -f "$lib" ] && command -v nm >/dev/null 2>&1 && ! nm "$lib" | grep -qE "__asan|__gcov"; then
    for f in printf puts putchar exit _exit abort rand srand system popen perror; do
        if nm -D --undefined-only "$lib" | grep -qE " U $f(@|$)"; then
            complain "the library calls $f"
        fi
    done
    # constant tables with pointers lie in .data.rel.ro, which is read-only once loaded
    if objdump -t "$lib" | grep -E ' O \.(data|bss)[[:space:]]' | grep -vE 'completed\.[0-9]+|__dso_handle|__TMC_END__|__cpu_'; then
        complain "the library has writable file-scope variables (above)"
    fi
fi
if grep -nE '\b(malloc|calloc|realloc)\(' src/*/*.c | grep -vE '^src/base/ctx.c|mho_i_realloc|/\*'; then
    complain "allocation behind the context's back (above)"
fi
[ $bad = 0 ] && echo "arrows point one way"
exit $bad
