#!/usr/bin/env bash
# Installs the Debian packages that are missing, and says which and why first.
#   packaging/packages.sh run|test [--list | --missing [NAME…]]
# run: to build and serve; test: what only the tests need. --list names all of them; --missing says which are not
# there (of the named ones) and installs nothing.
set -euo pipefail

run_packages=(
    "pkg-config|finds the libraries"
    "libc6-dev|the C library's headers"
    "libmicrohttpd-dev|HTTP"
    "libsqlite3-dev|the database"
    "libcmark-gfm-dev|Markdown"
    "libcmark-gfm-extensions-dev|tables and task lists in Markdown"
    "libyaml-dev|front matter"
    "libjansson-dev|JSON"
    "libarchive-dev|backups: one archive with a manifest that any tar program opens"
    "libsodium-dev|passwords, signatures, random numbers"
    "libicu-dev|word breaks, plural rules, dates"
    "libxml2-dev|connectors and dialects of the labs"
    "libpango1.0-dev|certificates in every script"
    "libqrencode-dev|QR codes on certificates"
    "libqpdf-dev|attachments in certificates"
    "libseccomp-dev|the sandbox of the labs"
    "liboath-dev|codes of the second factor"
    "zlib1g-dev|compression"
    "libxxhash-dev|finds again what was compressed before"
    "fonts-noto-core|certificates in Latin, Greek, Cyrillic, Thai and Arabic"
    "fonts-noto-cjk|certificates in Chinese, Japanese and Korean"
)
# Chromium without windows where there is such a package: it starts in half of the time.
browser=chromium-headless-shell
apt-cache show "$browser" >/dev/null 2>&1 || browser=chromium
test_packages=(
    "libcmocka-dev|unit tests"
    "mold|links the test programs in a tenth of the time"
    "clang|second compiler and fuzzers"
    "libclang-rt-dev|sanitizers and fuzzers of clang"
    "clang-format|layout of the source"
    "cppcheck|static analysis"
    "$browser|tests in a real browser"
    "poppler-utils|reads certificates back"
    "qpdf|checks certificates and their attachments"
    "zbar-tools|reads QR codes back"
    "postgresql|prepares every query on the second database (a private server, none of the installed one is used)"
    "dpkg-dev|builds the Debian package"
    "sqlite3|tampers with databases on purpose"
    "libxml2-utils|reads files of labs by their schemas, as an editor does"
)

kind=${1:-run}
case $kind in
run)
    wanted=("${run_packages[@]}")
    command -v cc >/dev/null || wanted+=("gcc|compiles the engine")
    ;;
test)
    wanted=("${test_packages[@]}")
    command -v node >/dev/null || wanted+=("nodejs|runs the tests")
    command -v npm >/dev/null || wanted+=("npm|fetches what the tests need from the npm registry")
    ;;
*)
    echo "usage: packaging/packages.sh run|test [--list | --missing [NAME…]]" >&2
    exit 2
    ;;
esac

if [ "${2:-}" = --list ]; then
    printf '%s\n' "${wanted[@]%%|*}"
    exit 0
fi
if ! command -v dpkg-query >/dev/null; then
    echo "This is no Debian: install what corresponds to these yourself: ${wanted[*]%%|*}" >&2
    exit 0
fi

installed=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' | awk '$1 ~ /^.i/ { print $2 }')
missing=()
install=" and will be installed with apt-get"
[ "${2:-}" != --missing ] || install=""
for entry in "${wanted[@]}"; do
    grep -qxF "${entry%%|*}" <<<"$installed" && continue
    [ $# -lt 3 ] || [[ " ${*:3} " == *" ${entry%%|*} "* ]] || continue
    [ ${#missing[@]} -gt 0 ] || echo "These Debian packages are missing$install:"
    printf '  %-28s %s\n' "${entry%%|*}" "${entry#*|}"
    missing+=("${entry%%|*}")
done
if [ ${#missing[@]} -eq 0 ]; then
    [ "${2:-}" != --missing ] || echo "No Debian package is missing; but the compiler does not find what it needs."
    exit 0
fi
if [ "${2:-}" = --missing ]; then
    echo "Install them with: packaging/packages.sh $kind"
    exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "You are not root and there is no sudo. As root, run: apt-get install ${missing[*]}" >&2
        exit 1
    fi
    as_root=(sudo)
    echo "sudo may ask for your password: only root can install packages."
fi
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get -q update
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "${missing[@]}"
