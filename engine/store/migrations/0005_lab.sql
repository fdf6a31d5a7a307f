-- Labs: scenario versions as they were run, runs, and what was done in them. Times are milliseconds of UTC.
-- A run is its version, its dialects, its seed and its actions; its state can be made again from these anywhere.
CREATE TABLE lab_pack (
    version TEXT NOT NULL PRIMARY KEY, -- 16 hex digits of SHA-256 over the bytes
    scenario_id TEXT NOT NULL,
    title TEXT NOT NULL,
    kept_ms INTEGER NOT NULL,
    bytes BLOB NOT NULL
) STRICT;

CREATE TABLE lab_run (
    id TEXT NOT NULL PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES person (id),
    scenario_id TEXT NOT NULL,
    version TEXT NOT NULL REFERENCES lab_pack (version),
    choice TEXT NOT NULL, -- dialects: "crm=aurelia,map=heron"
    seed INTEGER NOT NULL,
    engine TEXT NOT NULL, -- engine and SQLite version that ran the first step
    started_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX lab_run_by_person ON lab_run (person_id, scenario_id, started_ms);

-- Appended, chained by hash; the last hash of a run stands for all of it.
CREATE TABLE lab_action (
    run_id TEXT NOT NULL REFERENCES lab_run (id),
    seq INTEGER NOT NULL, -- from 1, no gaps
    at_ms INTEGER NOT NULL,
    actor_id TEXT NOT NULL,
    action TEXT NOT NULL, -- JSON with sorted keys; {"kind":"rewind","to":n} takes back all but the first n
    status INTEGER NOT NULL,
    answer_sha TEXT NOT NULL, -- of what the worker answered: a replay must give the same
    hash TEXT NOT NULL,
    PRIMARY KEY (run_id, seq)
) STRICT;

-- A cache, not a fact: the newest image of a run's state, to resume faster. Sealed with a key of the data folder.
CREATE TABLE lab_snapshot (
    run_id TEXT NOT NULL PRIMARY KEY REFERENCES lab_run (id),
    seq INTEGER NOT NULL,
    made_ms INTEGER NOT NULL,
    seal BLOB NOT NULL,
    image BLOB NOT NULL
) STRICT;

CREATE TABLE lab_checking (
    id TEXT NOT NULL PRIMARY KEY,
    run_id TEXT NOT NULL REFERENCES lab_run (id),
    seq INTEGER NOT NULL, -- the run's last action then
    at_ms INTEGER NOT NULL,
    passed INTEGER NOT NULL,
    total INTEGER NOT NULL,
    points INTEGER NOT NULL,
    verdicts TEXT NOT NULL -- JSON: [{"id":…,"passed":…,"sentence":…}]
) STRICT;
CREATE INDEX lab_checking_by_run ON lab_checking (run_id, at_ms);

CREATE TABLE lab_hint (
    run_id TEXT NOT NULL REFERENCES lab_run (id),
    check_id TEXT NOT NULL,
    level INTEGER NOT NULL, -- from 1
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (run_id, check_id, level)
) STRICT;

-- A replay that did not give what the run gave, a seal that does not fit.
CREATE TABLE lab_incident (
    id TEXT NOT NULL PRIMARY KEY,
    run_id TEXT NOT NULL REFERENCES lab_run (id),
    at_ms INTEGER NOT NULL,
    kind TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX lab_incident_by_run ON lab_incident (run_id, at_ms);
