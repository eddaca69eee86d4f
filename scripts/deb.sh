#!/bin/sh
# Debian packages of what is committed, into build/deb, and what lintian says about them. Tests are
# left to "make check", unless MHO_DEB_TESTS is set.
set -eu
cd "$(dirname "$0")/.."
repo=$PWD
out=${1:-build}/deb
version=$(sed -n 's/^mho (\([^)]*\)).*/\1/p;1q' debian/changelog)
missing=""
for p in debhelper dpkg-dev lintian dh-python $(awk '/^Build-Depends:/ {on = 1} /^[A-Z]/ && !/^Build-Depends/ {on = 0} on' debian/control |
    sed 's/^Build-Depends://; s/([^)]*)//g; s/debhelper-compat//; s/dh-sequence-python3//' | tr ',' ' '); do
    dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $p"
done
if [ -n "$missing" ]; then
    if [ "$(id -u)" != 0 ]; then
        echo "deb: please run, as root:  apt-get install$missing" >&2
        exit 1
    fi
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi
rm -rf "$out"
mkdir -p "$out/mho-$version"
out=$(cd "$out" && pwd)
git archive HEAD | tar -x -C "$out/mho-$version"
cd "$out/mho-$version"
if ! DEB_BUILD_OPTIONS="${MHO_DEB_TESTS:-nocheck} parallel=${JOBS:-2}" dpkg-buildpackage -us -uc >"$out/log" 2>&1; then
    tail -30 "$out/log" >&2
    exit 1
fi
cd "$out"
rm -rf "mho-$version"
ls -l ./*.deb ./*.dsc
lintian --fail-on error,warning "mho_${version}_$(dpkg --print-architecture).changes"
echo "lintian: no errors, no warnings"
sh "$repo/tests/check_binary.sh" --deb "$out"
