#!/bin/sh
# Manual pages and completion for bash, zsh and fish, made from what mho --help says, so that they
# cannot disagree with it:   pages.sh MHO OUT_DIR VERSION
set -eu
mho=$1 out=$2 version=$3
export LC_ALL=C
mkdir -p "$out"
rm -f "$out"/mho*.1 "$out"/mho.bash "$out"/_mho "$out"/mho.fish

help=$("$mho" --help)
commands=$(printf '%s\n' "$help" | awk '/^Usage:/ {on = 1; next} on && /^  [a-z]/ {print $1}')
# Words that stand before the options of a command: those below "Tasks:", "Experiments:" and so on,
# if the command says that each has a help of its own.
tasks() {
    "$mho" "$1" --help | awk '
        /^[A-Z][a-z ]*:$/ {on = ($0 !~ /^(Options|Example|Examples|Usage):/)}
        /^  [a-z0-9][a-z0-9-]*  / && on {list = list " " $1}
        /^mho .* --help tells more/ {more = 1}
        END {if (more) print list}'
}

# ---- manual pages ----
roff='
function esc(s) {
    gsub(/\\/, "\\e", s); gsub(/-/, "\\-", s)
    if (s ~ /^[.\047]/) s = "\\&" s
    return s
}
function head(s) {print ".SH " toupper(s)}
NR == 1 {next}
/^Usage: / {
    head("synopsis"); sub(/^Usage: /, ""); print ".B " esc($0); section = "usage"; next
}
/^Examples?:$/ {head("example"); example = 1; next}
/^[A-Z][A-Za-z ]*:$/ {example = 0; name = $0; sub(/:$/, "", name); head(name); section = name; next}
/^  --/ && !example {
    if (section !~ /ptions/) {head("options"); section = "options"}
    text = $0; sub(/^  /, "", text)
    left = text; sub(/  .*/, "", left)
    at = match(text, /  +/); right = at ? substr(text, at + RLENGTH) : ""
    split(left, part, " "); print ".TP"
    meta = left; sub(/^[^ ]+ ?/, "", meta)
    print "\\fB" esc(part[1]) "\\fR" (meta == "" ? "" : " \\fI" esc(meta) "\\fR")
    print esc(right); next
}
/^  [^ ]/ && !example {
    if (section == "usage") {head("commands"); section = "commands"}
    text = $0; sub(/^  /, "", text); at = match(text, /  +/)
    if (at) {print ".TP\n\\fB" esc(substr(text, 1, at - 1)) "\\fR"; print esc(substr(text, at + RLENGTH))}
    else print ".PP\n" esc(text)
    next
}
/^$/ {blank = 1; next}
example {sub(/^ +/, ""); print ".PP\n.nf\n.B " esc($0) "\n.fi"; next}
{text = $0; sub(/^ +/, "", text); if (blank) print ".PP"; blank = 0; print esc(text)}
'
title() { # NAME SUMMARY
    printf '.TH "%s" 1 "" "mho %s" "User Commands"\n.SH NAME\n' "$(printf %s "$1" | tr a-z A-Z | sed 's/-/\\-/g')" "$version"
    printf '%s \\- %s\n' "$(printf %s "$1" | sed 's/-/\\-/g')" "$(printf %s "$2" | sed 's/\.$//; s/-/\\-/g')"
}
{
    title mho "neural networks made of nanodevices"
    printf '%s\n' "$help" | awk "$roff"
    cat <<'END'
.SH "EXIT STATUS"
.TP
0
done
.TP
1
the options, the files or their content are not what they should be; the message says what is allowed
.TP
2
done, but the result did not converge and is not to be trusted
.TP
3
internal error, or out of memory
.SH "SEE ALSO"
END
    for c in $commands; do printf '.BR mho\\-%s (1)\n' "$c"; done
} >"$out/mho.1"
for c in $commands; do
    text=$("$mho" "$c" --help)
    {
        title "mho-$c" "$(printf '%s\n' "$text" | head -n 1)"
        printf '%s\n' "$text" | awk "$roff"
        for t in $(tasks "$c"); do
            printf '.SH "%s"\n' "$(printf %s "$t" | tr a-z A-Z)"
            "$mho" "$c" "$t" --help | awk "$roff" | sed 's/^\.SH /.SS /'
        done
        printf '.SH "SEE ALSO"\n.BR mho (1)\n'
    } >"$out/mho-$c.1"
done

# ---- completion: tables "command task option meta help", one option a line ----
options() { # COMMAND [TASK]
    "$mho" "$@" --help | awk -v OFS='\t' '/^  --/ {
        text = $0; sub(/^  --/, "", text); at = match(text, /  +/)
        left = at ? substr(text, 1, at - 1) : text; help = at ? substr(text, at + RLENGTH) : ""
        name = left; sub(/ .*/, "", name); meta = left; sub(/^[^ ]+ ?/, "", meta)
        gsub(/[\047"\\\[\]:$`]/, "", help); gsub(/[\[\]]/, "", meta)
        print name, meta, help}'
}
words() { options "$@" | awk '{printf "%s--%s", (NR > 1 ? " " : ""), $1}'; }
{
    echo "# bash completion for mho; made from its help"
    echo "_mho() {"
    echo "    local cur=\${COMP_WORDS[COMP_CWORD]} words="
    echo "    case \"\${COMP_CWORD} \${COMP_WORDS[1]} \${COMP_WORDS[2]}\" in"
    echo "    1\\ *) words=\"$(echo $commands)\" ;;"
    for c in $commands; do
        list=$(tasks "$c")
        [ -n "$list" ] && echo "    2\\ $c\\ *) words=\"$(echo $list)\" ;;"
        for t in $list; do echo "    *\\ $c\\ $t) words=\"$(words "$c" "$t")\" ;;"; done
        echo "    *\\ $c\\ *) words=\"$(words "$c")\" ;;"
    done
    echo "    esac"
    echo "    COMPREPLY=(\$(compgen -W \"\$words\" -- \"\$cur\"))"
    echo "}"
    echo "complete -o default -F _mho mho"
} >"$out/mho.bash"

zsh_options() { # a line for _arguments per option
    options "$@" | awk -F '\t' '{
        act = $2 == "" ? "" : (":" $2 ":" ($2 ~ /FILE|DIR|PNG|NPY|CSV|NET/ ? "_files" : " "))
        printf " \\\n            \047--%s[%s]%s\047", $1, $3, act} END {print " \\\n            \047*:file:_files\047"}'
}
{
    echo "#compdef mho"
    echo "# zsh completion for mho; made from its help"
    echo "_mho() {"
    echo "    if ((CURRENT == 2)); then"
    echo "        compadd $(echo $commands)"
    echo "        return"
    echo "    fi"
    echo "    case \"\$words[2] \$words[3]\" in"
    for c in $commands; do
        for t in $(tasks "$c"); do
            printf '    "%s %s")\n        _arguments' "$c" "$t"
            zsh_options "$c" "$t"
            printf '        ;;\n'
        done
        if [ -n "$(tasks "$c")" ]; then
            printf '    %s\\ *) ((CURRENT == 3)) && compadd %s ;;\n' "$c" "$(echo $(tasks "$c"))"
        else
            printf '    %s\\ *)\n        _arguments' "$c"
            zsh_options "$c"
            printf '        ;;\n'
        fi
    done
    echo "    esac"
    echo "}"
    echo '_mho "$@"'
} >"$out/_mho"

fish_options() { # CONDITION COMMAND [TASK]
    condition=$1
    shift
    options "$@" | awk -F '\t' -v on="$condition" '{
        need = $2 == "" ? "" : ($2 ~ /FILE|DIR|PNG|NPY|CSV|NET/ ? " -rF" : " -x")
        printf "complete -c mho -n \"%s\" -l %s%s -d \047%s\047\n", on, $1, need, $3}'
}
{
    echo "# fish completion for mho; made from its help"
    echo "complete -c mho -n __fish_use_subcommand -f -a \"$(echo $commands)\""
    for c in $commands; do
        list=$(tasks "$c")
        if [ -n "$list" ]; then
            echo "complete -c mho -n \"__fish_seen_subcommand_from $c; and not __fish_seen_subcommand_from $(echo $list)\" -f -a \"$(echo $list)\""
            for t in $list; do fish_options "__fish_seen_subcommand_from $c; and __fish_seen_subcommand_from $t" "$c" "$t"; done
        else
            fish_options "__fish_seen_subcommand_from $c" "$c"
        fi
    done
} >"$out/mho.fish"
