#!/bin/bash
# Runs inside the machine of packaging/test-deb.sh, as its root: installs, starts, upgrades and purges the package.
set -u
failed=0
check() { # a sentence, a command
    if "${@:2}" >/tmp/said 2>&1; then echo "ok      $1"; else
        echo "FAILED  $1"
        sed 's/^/            /' /tmp/said
        failed=1
    fi
}
not() { ! "$@"; }
says() { local text=$1; shift; "$@" 2>&1 | grep -qE -- "$text"; }
up() {
    for _ in $(seq 600); do
        curl -fsS -o /dev/null http://127.0.0.1:8080/healthz && return 0
        sleep 0.2
    done
    systemctl status gradus.service --no-pager -l
    journalctl -u gradus --no-pager -n 30
    return 1
}
status_of() { grep -E "^$1:[[:space:]]+$2" "/proc/$(systemctl show -P MainPID gradus.service)/status"; }
# As the reverse proxy asks for one browser.
ask() {
    curl -fsS -b /tmp/cookies -c /tmp/cookies -H 'X-Forwarded-Proto: https' -H 'X-Forwarded-Host: academy.example' \
        -H 'X-Forwarded-For: 192.0.2.7' "${@:2}" "http://127.0.0.1:8080$1"
}
token() { ask "$1" | sed -nE 's/.*name="csrf" (value|content)="([^"]+)".*/\2/p' | head -n 1; }
# PATH, the page whose form it is, fields: where the answer leads to.
post() { ask "$1" -o /dev/null -w '%{redirect_url}\n' --data-urlencode "csrf=$(token "$2")" "${@:3}"; }
sign_in() { rm -f /tmp/cookies; post /login /login -d login=lena --data-urlencode "password=$secret"; }
# A page that shows TEXT within 20 s: what is copied is read in its own time.
shows() {
    for _ in $(seq 100); do
        ask "$1" >/tmp/page 2>&1 && grep -qF -- "$2" /tmp/page && return 0
        sleep 0.2
    done
    head -c 3000 /tmp/page
    return 1
}
add_learner() {
    echo "$secret" | gradus user add lena --name 'Lena Learner' --email lena@academy.example --own-password-stdin --data /var/lib/gradus
}
begin_lab() {
    local address
    address=$(post /labs/field-mapping-dedupe/runs /labs/field-mapping-dedupe -d dialect_crm=aurelia -d dialect_map=heron)
    says '/runs/' echo "$address" && shows "/${address#*//*/}" 'Your tasks'
}
# Of the youngest worker, which another process of its program has forked.
worker_status() {
    local pid
    pid=$(pgrep -n -P "$(pgrep -o gradus-labs)" gradus-labs) && grep -E "^$1:[[:space:]]+$2" "/proc/$pid/status"
}
secret="eight brown geese walk"
version() { dpkg-query -W -f '${Version}' gradus; }

check "the package is installed" dpkg -i /trial/first.deb
check "its service is enabled" systemctl is-enabled gradus.service
check "it does not start without an address" not systemctl is-active gradus.service
check "no course is shown that nobody asked for" not test -e /var/lib/gradus/academy/content/mops
sed -i 's|^GRADUS_ORIGIN=.*|GRADUS_ORIGIN=https://academy.example|; s|^GRADUS_PROXY=.*|GRADUS_PROXY=127.0.0.1|' /etc/default/gradus
check "it starts under systemd" systemctl start gradus.service
check "and answers, with nothing to read yet" up
check "as nobody in particular" status_of Uid '[1-9]'
check "without capabilities" status_of CapEff 0000000000000000
check "without getting new ones" status_of NoNewPrivs 1
check "behind a filter of system calls" status_of Seccomp 2
check "the data are for nobody else" says '^700 ' stat -c '%a %U' /var/lib/private/gradus
check "labs can be confined here" says '"labs": ?"ok"' ask /healthz
check "somebody is added" says . gradus user add ada --name Ada --email ada@academy.example --roles admin --data /var/lib/gradus
cp -r /usr/share/gradus/courses/content/gradus /var/lib/gradus/academy/content/
check "a course that was copied is there without a restart" shows /programmes/gradus 'Gradus for authors'
check "a learner is added" add_learner
check "who signs in" says '8080/$' sign_in
check "and is known by name" shows /me Lena
cp -r /usr/share/gradus/courses/labs /var/lib/gradus/academy/
check "labs that were copied are there" shows /labs/field-mapping-dedupe 'Your tasks'
check "a run of one begins" begin_lab
check "in a process of its own, as nobody in particular" worker_status Uid '[1-9]'
check "behind a filter of system calls" worker_status Seccomp 2
systemd-analyze security gradus.service --no-pager | tail -n 1
check "the exposure of the service is at most 2.0" systemd-analyze security --threshold=20 gradus.service
first=$(version)
pid=$(systemctl show -P MainPID gradus.service)
check "the next version is installed" dpkg -i /trial/next.deb
check "it is another one" test "$first" != "$(version)"
check "and runs" up
check "as a new process" test "$pid" != "$(systemctl show -P MainPID gradus.service)"
check "a copy of the database from before the migration is kept" says 'before-migration' ls /var/lib/gradus
check "who was there is there" says ada gradus user list --data /var/lib/gradus
check "the course is kept" shows /programmes/gradus 'Gradus for authors'
check "who was signed in still is" shows /me Lena
check "the old program saw nothing wrong in the new one's files" not says '"event":"site' journalctl -b -u gradus --no-pager
check "it stops" systemctl stop gradus.service
check "somebody is added by root meanwhile" says . gradus user add bert --name Bert --email bert@academy.example --data /var/lib/gradus
check "it starts again" systemctl start gradus.service
check "and serves what root has written" up
check "and saves" says '8080/$' sign_in
check "the operator's answers are kept" grep -q '^GRADUS_ORIGIN=https://academy.example' /etc/default/gradus
check "it is removed" dpkg -r gradus
check "and stopped" not systemctl is-active gradus.service
check "removing keeps the operator's answers" test -e /etc/default/gradus
check "it is purged" dpkg --purge gradus
check "the program is gone" not test -e /usr/bin/gradus
check "its files are gone" not test -e /usr/share/gradus
check "the answers are gone" not test -e /etc/default/gradus
check "the database is kept" test -s /var/lib/private/gradus/gradus.db
check "the course is kept" test -e /var/lib/private/gradus/academy/content/gradus/programme.md
[ $failed = 0 ] && echo "The package: all passed"
exit $failed
