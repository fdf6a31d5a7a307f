-- Content: every version that was ever shown, what people read and answered, and the derived search index.

-- What a file said. (kind, id, version, lang) is stored once; records elsewhere point at it.
CREATE TABLE content_version (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    version TEXT NOT NULL,
    lang TEXT NOT NULL,
    file TEXT NOT NULL,
    source TEXT NOT NULL,
    first_ms INTEGER NOT NULL,
    PRIMARY KEY (kind, id, version, lang)
) STRICT;

-- Which version of a file was current from when on. An empty version: the file was taken away.
CREATE TABLE content_publication (
    n INTEGER NOT NULL PRIMARY KEY,
    file TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    lang TEXT NOT NULL,
    version TEXT NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX content_publication_by_file ON content_publication (file, n);

-- Facts of reading: where in which section (per mille of it), and whether it was read to its end.
CREATE TABLE content_reading (
    id TEXT NOT NULL PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES person (id),
    module_id TEXT NOT NULL,
    version TEXT NOT NULL,
    section TEXT NOT NULL,
    position_permille INTEGER NOT NULL CHECK (position_permille BETWEEN 0 AND 1000),
    done INTEGER NOT NULL CHECK (done IN (0, 1)),
    at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX content_reading_by_person ON content_reading (person_id, module_id, at_ms);

CREATE TABLE content_checkpoint_answer (
    id TEXT NOT NULL PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES person (id),
    module_id TEXT NOT NULL,
    version TEXT NOT NULL,
    number INTEGER NOT NULL CHECK (number BETWEEN 1 AND 60),
    checkpoint TEXT NOT NULL, -- names stem and options: another text is another question
    choice TEXT NOT NULL,     -- option numbers, "2" or "1,3"
    is_right INTEGER NOT NULL CHECK (is_right IN (0, 1)),
    at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX content_answer_by_person ON content_checkpoint_answer (person_id, module_id, at_ms);

-- All sections read and all checkpoints answered, under this version.
CREATE TABLE content_completion (
    person_id TEXT NOT NULL REFERENCES person (id),
    module_id TEXT NOT NULL,
    version TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (person_id, module_id, version)
) STRICT;

CREATE TABLE content_self_assessment (
    id TEXT NOT NULL PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES person (id),
    assessment_id TEXT NOT NULL,
    version TEXT NOT NULL,
    answers TEXT NOT NULL, -- a digit 1 to 5 for each statement, in order
    at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX content_self_by_person ON content_self_assessment (person_id, assessment_id, at_ms);

-- The search. Derived from content: may be emptied at any time and is built again.
CREATE TABLE content_section (
    n INTEGER NOT NULL PRIMARY KEY,
    file TEXT NOT NULL,
    kind TEXT NOT NULL,
    ref TEXT NOT NULL,
    lang TEXT NOT NULL,
    anchor TEXT NOT NULL,
    title TEXT NOT NULL,
    heading TEXT NOT NULL,
    text TEXT NOT NULL
) STRICT;
CREATE INDEX content_section_by_file ON content_section (file);
CREATE TABLE content_indexed (
    file TEXT NOT NULL PRIMARY KEY,
    version TEXT NOT NULL,
    words TEXT NOT NULL -- by which rules its words were made
) STRICT;
-- Words come separated and folded (content_words.c): the tokenizer only splits at blanks.
CREATE VIRTUAL TABLE content_search USING fts5 (
    title, heading, text, content = '', tokenize = 'ascii', detail = 'column', prefix = '2 3'
);
