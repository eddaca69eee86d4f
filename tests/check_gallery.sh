#!/bin/sh
# Every picture in docs/ is made by scripts/gallery.sh, is shown somewhere, and is there if a page shows it.
set -u
cd "$(dirname "$0")/.."
bad=0
for picture in docs/*.png docs/*.svg; do
    [ -f "$picture" ] || continue
    name=$(basename "$picture")
    grep -q "\$docs/$name\"" scripts/gallery.sh || { echo "$picture: scripts/gallery.sh does not make it"; bad=1; }
    grep -q "]([^)]*$name)" README.md docs/*.md || { echo "$picture: no page shows it"; bad=1; }
done
for name in $(grep -o '"\$docs/[^"]*"' scripts/gallery.sh | sed 's|.*/||; s|"||'); do
    [ -f "docs/$name" ] || { echo "docs/$name: made by scripts/gallery.sh, but not there"; bad=1; }
done
for name in $(cat README.md docs/*.md | grep -o '!\[[^]]*\]([^)]*)' | sed 's|.*(||; s|)||; s|^docs/||'); do
    [ -f "docs/$name" ] || { echo "docs/$name: a page shows it, but it is not there"; bad=1; }
done
[ $bad = 0 ] && echo "gallery: $(ls docs/*.png docs/*.svg | wc -l) pictures"
exit $bad
