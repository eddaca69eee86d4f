#!/bin/sh
# check_cli_image.sh - mho image: edge map, JSON and page of a small picture; bad input is refused in
# one line with exit status 1, and what stands at the output names stays as it was.
set -u
mho=${MHO_BIN:?}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export MHO_CACHE="$dir/cache"
failed=0

fail() {
    echo "FAILED: $1" >&2
    failed=1
}

# refuse NAME WANTED-TEXT ARGUMENTS...: exit status 1, one line "mho: ..." with the text, no output
refuse() {
    name=$1 wanted=$2
    shift 2
    (cd "$dir/work" && timeout 60 "$mho" image "$@") >"$dir/out" 2>"$dir/err"
    status=$?
    [ $status = 1 ] || fail "$name: exit status $status, wanted 1"
    [ "$(wc -l <"$dir/err")" = 1 ] || fail "$name: more than one line: $(cat "$dir/err")"
    grep -q '^mho: ' "$dir/err" || fail "$name: no \"mho: \" in $(cat "$dir/err")"
    grep -qF -e "$wanted" "$dir/err" || fail "$name: wanted \"$wanted\", got $(cat "$dir/err")"
    [ -s "$dir/out" ] && fail "$name: output: $(head -3 "$dir/out")"
}

mkdir "$dir/work"
photo=$dir/photo.pgm
{
    printf 'P2 200 150 255\n'
    awk 'BEGIN{for(y=0;y<150;y++)for(x=0;x<200;x++)print((x-90)^2+(y-70)^2<1600?210:60)}'
} >"$photo"

# ---- good input ----
cd "$dir/work" || exit 1
"$mho" image "$photo" --compare >"$dir/text" || fail "plain run"
[ "$(head -c 4 photo-edges.png | tail -c 3)" = PNG ] || fail "photo-edges.png is no PNG"
for word in correlation similarity "ADC and digital ReLU" "photo-edges.png"; do
    grep -qF "$word" "$dir/text" || fail "no \"$word\" in the text"
done
"$mho" image "$photo" --out e.png --report r.html --json - --threads 1 >j.json || fail "run with a report"
cmp -s e.png photo-edges.png || fail "the number of threads changes the edge map"
grep -q '"correlation": 0.9' j.json || fail "correlation: $(grep correlation j.json)"
[ "$(grep -c '<img class="photo"' r.html)" = 4 ] || fail "the page has not four pictures"
grep -q 'http' r.html && fail "the page refers to something outside"
"$mho" image "$photo" --out e2.png --seed 2 --kernels scharr >/dev/null || fail "scharr"
cmp -s e2.png e.png && fail "the seed changes nothing"
"$mho" image photo-edges.png --kernels prewitt --copies 2 --gain 2.5 --out e3.png >/dev/null || fail "prewitt"
"$mho" image --help | grep -q -e --bsds || fail "help"
[ "$(ls)" = "$(printf 'e.png\ne2.png\ne3.png\nj.json\nphoto-edges.png\nr.html')" ] || fail "files: $(ls)"
"$mho" image "$photo" --out /dev/full/e.png >/dev/null 2>&1 && fail "written below a device"

# ---- bad input ----
rm -f ./*
head -c 3000 "$photo" >"$dir/short.pgm"
"$mho" image "$photo" --out "$dir/whole.png" >/dev/null || fail "whole.png"
head -c 900 "$dir/whole.png" >"$dir/short.png"
{
    head -c 200 "$dir/whole.png"
    printf 'x'
    tail -c +202 "$dir/whole.png"
} >"$dir/crc.png"
printf '\211PNG\r\n\032\n\0\0\0\015IHDR\0\001\206\240\0\001\206\240\010\0\0\0\0\162\027\333\104' >"$dir/huge.png"
echo old >old.png
echo old >old.html
echo old >old.json
old="--out old.png --report old.html --json old.json"
refuse "nothing" "a photograph or --bsds"
refuse "two pictures" "one argument too many" a b
refuse "unknown option" "--banana" --banana
refuse "no such file" "none.png" none.png $old
refuse "directory" "is a directory" "$dir" $old
refuse "truncated PNG" "broken PNG" "$dir/short.png" $old
refuse "damaged PNG" "broken PNG" "$dir/crc.png" $old
refuse "huge PNG" "huge.png" "$dir/huge.png" $old
refuse "truncated PGM" "short.pgm" "$dir/short.pgm" $old
refuse "not a picture" "a PNG or PGM picture is wanted" "$mho" $old
refuse "kernels" '"soble"' "$photo" --kernels soble $old
refuse "kernel file" "k.npy" "$photo" --kernels k.npy $old
refuse "chip file" "chip.yaml" "$photo" --chip chip.yaml $old
refuse "gain" "gain 1000" "$photo" --gain 1000 $old
refuse "gain text" "--gain big" "$photo" --gain big $old
refuse "copies" "65 copies" "$photo" --copies 65 $old
refuse "seed" "--seed -1" "$photo" --seed -1 $old
refuse "same names" "asked for twice" "$photo" --out old.png --report old.png
refuse "over the input" "it cannot be written" old.png --out old.png
refuse "directory as output" "is a directory" "$photo" --out "$dir"
refuse "no place" "/nowhere" "$photo" --out /nowhere/e.png
refuse "bsds and photo" "leave" "$photo" --bsds "$dir"
refuse "bsds and report" "for one photograph" --bsds "$dir" --report old.html
refuse "bsds empty" "ID-boundaries.png" --bsds "$dir/work" --json old.json
refuse "bsds missing" "none" --bsds none
echo old >photo-edges.png
refuse "edge map there" "photo-edges.png is there already" "$photo"
for f in old.png old.html old.json photo-edges.png; do
    [ "$(cat $f)" = old ] || fail "$f was overwritten"
done
[ "$(ls)" = "$(printf 'old.html\nold.json\nold.png\nphoto-edges.png')" ] || fail "left behind: $(ls)"

# ---- boundaries ----
cd - >/dev/null || exit 1
data=${MHO_DATA:-../shared/data}/bsds500
if [ -d "$data" ]; then
    mkdir "$dir/one"
    cp "$data"/108069*.png "$dir/one"
    "$mho" image --bsds "$dir/one" >"$dir/table" || fail "--bsds"
    [ "$(grep -c '^| ' "$dir/table")" = 6 ] || fail "table: $(cat "$dir/table")"
    grep -q '^1 picture,' "$dir/table" || fail "number of pictures"
else
    echo "skipped: no data (boundaries of photographs)"
fi
[ $failed = 0 ] && echo "mho image: good"
exit $failed
