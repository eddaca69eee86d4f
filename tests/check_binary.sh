#!/bin/sh
# What the binaries themselves say: the library has no writable variables, calls nothing that prints,
# ends the process, changes it for others or keeps state between threads, and takes memory in one
# place; nothing has an executable stack. check_binary.sh --deb DIR: the packages in DIR are hardened
# in full (make deb).
set -eu
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
bad=0

complain() {
    echo "check_binary: $1"
    bad=1
}

# look_at FILE: stack not executable, tables read-only after loading, code that the loader does not change
look_at() {
    readelf -lW "$1" | awk '/GNU_STACK/ {print $7}' | grep -qx RW || complain "$1: its stack is executable"
    readelf -lW "$1" | grep -q GNU_RELRO || complain "$1: has no part that is read-only after loading (RELRO)"
    readelf -dW "$1" | grep -q TEXTREL && complain "$1: has code that the loader changes (TEXTREL)"
    readelf -hW "$1" | grep -q 'Type: *DYN' || complain "$1: is not position-independent"
}

if [ "${1:-}" = --deb ]; then
    n=0
    for deb in "$2"/*.deb; do
        case $deb in *dbgsym*) continue ;; esac
        dpkg-deb -x "$deb" "$dir/x"
    done
    for f in $(find "$dir/x" -type f \( -name 'mho' -o -name 'libmho*.so*' -o -name '_native*.so' \) -path '*/usr/*'); do
        file "$f" 2>/dev/null | grep -q ELF || [ "$(head -c 4 "$f" | tail -c 3)" = ELF ] || continue
        n=$((n + 1))
        look_at "$f"
        readelf -dW "$f" | grep -q 'BIND_NOW\|FLAGS.*NOW' || complain "$f: is not bound in full when it is loaded (-z now)"
        readelf -dW "$f" | grep -q 'RPATH\|RUNPATH' && complain "$f: looks for libraries in places of its own (RPATH)"
        nm -D --undefined-only "$f" | grep -q __stack_chk_fail || complain "$f: no stack protector"
        nm -D --undefined-only "$f" | grep -q '__.*_chk@\|__.*_chk$' || complain "$f: not fortified"
    done
    [ $n -ge 3 ] || complain "$2: program, library and Python module are wanted, $n found"
    [ $bad = 0 ] && echo "$n binaries of the packages: full RELRO, PIE, stack protector, fortified, no executable stack"
    exit $bad
fi

build=${MHO_BUILD:-build}
lib=$build/libmho.a
if nm "$lib" 2>/dev/null | grep -qE '__(asan|tsan|ubsan|gcov)'; then
    echo "skipped: not the plain build"
    exit 77
fi
for f in "$build/mho" "$build"/libmho.so "$build"/libmho_mpi.so; do
    if [ -e "$f" ]; then look_at "$f"; fi
done

# file of the archive, section, name of every variable that can be written, thread-local ones too
objdump -t "$lib" 2>/dev/null | awk '
    /:     file format/ {object = $1; sub(":", "", object)}
    {
        for (k = 2; k < NF; k++) {
            if ($k ~ /^(\.data|\.bss|\.tdata|\.tbss|\*COM\*)$/ || $k ~ /^\.(data|bss|tdata|tbss)\.[^r]/) {
                if ($(k + 1) !~ /^0+$/) print object, $k, $NF
            }
        }
    }' >"$dir/data"
# Allowed: nothing. A reasoned exception would be a line "object.c.o section name" here.
if [ -s "$dir/data" ]; then
    cat "$dir/data"
    complain "variables of the library that can be written (above)"
fi

# Functions that a library has no business calling:
#   the user's streams, locale, environment, signals, working directory, process
#   state that threads share inside the C library; numbers that a seed does not name
#   writing without looking at the size
cat >"$dir/never" <<'EOF'
abort exit _exit _Exit quick_exit at_quick_exit atexit on_exit __assert_fail pthread_exit pthread_cancel
printf vprintf puts putchar putc fputs fputc fprintf vfprintf dprintf perror psignal stdin stdout stderr
putc_unlocked puts_unlocked err errx warn warnx error syslog openlog
scanf fscanf gets getchar
signal sigaction raise sigprocmask pthread_sigmask alarm setitimer
setlocale uselocale newlocale setenv putenv unsetenv clearenv chdir fchdir fork vfork system popen wordexp
umask setrlimit nice setpriority fesetround fesetenv feenableexcept mallopt
rand srand random srandom rand_r drand48 srand48 lrand48 time
strtok strerror_l asctime ctime gmtime localtime getpwnam getpwuid gethostbyname ttyname lgamma lgammaf signgam
hcreate hsearch basename dirname ecvt fcvt l64a ptsname strsignal tmpnam tempnam mktemp tmpfile
strcpy strcat stpcpy sprintf vsprintf wcscpy alloca
openblas_set_num_threads goto_set_num_threads omp_set_num_threads omp_set_nested omp_set_dynamic
EOF
nm -A "$lib" 2>/dev/null | awk '$(NF - 1) == "U" {split($1, a, ":"); print $NF, a[2]}' |
    sed 's/^__isoc99_//; s/^__\([a-z]*\)_chk /\1 /' | LC_ALL=C sort -u >"$dir/calls"
tr -s ' ' '\n' <"$dir/never" | LC_ALL=C sort -u >"$dir/names"
LC_ALL=C join "$dir/names" "$dir/calls" >"$dir/found"
# Fortified builds know the buffer's size of these where the compiler can see it; still not ours to use.
if [ -s "$dir/found" ]; then
    cat "$dir/found"
    complain "functions that the library may not call (function, object)"
fi
# Memory: through the context alone (base/ctx.c), so that it is counted and can be made to fail.
if grep -E '^(malloc|calloc|realloc|reallocarray|aligned_alloc|memalign|posix_memalign|valloc|strdup|strndup|asprintf|vasprintf|getline|getdelim|open_memstream) ' \
    "$dir/calls" | grep -v ' ctx\.c\.o$'; then
    complain "memory that is not taken through the context (above)"
fi
[ $bad = 0 ] && echo "$(wc -l <"$dir/calls") imports of $(ar t "$lib" | wc -l) objects looked at: no writable variables, none of $(wc -l <"$dir/names") functions"
exit $bad
