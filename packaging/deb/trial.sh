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
version() { dpkg-query -W -f '${Version}' gradus; }

check "the package is installed" dpkg -i /trial/first.deb
check "its service is enabled" systemctl is-enabled gradus.service
check "it does not start without an address" not systemctl is-active gradus.service
check "no course is shown that nobody asked for" not test -e /var/lib/gradus/academy/content/mops
sed -i 's|^GRADUS_ORIGIN=.*|GRADUS_ORIGIN=https://academy.example|; s|^GRADUS_PROXY=.*|GRADUS_PROXY=127.0.0.1|' /etc/default/gradus
check "it starts under systemd" systemctl start gradus.service
check "and answers, with nothing to read yet" up
check "as nobody in particular" not status_of Uid 0
check "without capabilities" status_of CapEff 0000000000000000
check "without getting new ones" status_of NoNewPrivs 1
check "behind a filter of system calls" status_of Seccomp 2
check "the data are for nobody else" says '^700 ' stat -c '%a %U' /var/lib/private/gradus
check "labs can be confined here" not says 'labs?_off|cannot confine' journalctl -u gradus --no-pager
check "somebody is added" says . gradus user add ada --name Ada --email ada@academy.example --roles admin --data /var/lib/gradus
cp -r /usr/share/gradus/courses/content/gradus /var/lib/gradus/academy/content/
check "a course that was copied is there without a restart" says 'Gradus for authors' sh -c 'for i in $(seq 100); do curl -s http://127.0.0.1:8080/programmes/gradus -H "X-Forwarded-Proto: https" && break; sleep 0.2; done; grep -h "^title" /var/lib/gradus/academy/content/gradus/programme.md'
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
check "the course is kept" test -e /var/lib/gradus/academy/content/gradus/programme.md
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
