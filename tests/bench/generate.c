/* A course of any size: modules that look like real ones (sections, tables, callouts, terms, links,
 * checkpoints), each with an objective and an item that asks for it. The same number of modules is
 * the same course, byte for byte, on any machine. One module in twenty carries a paragraph in Thai
 * and one in Arabic, for the search. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/bench.h"

#define TERMS 40
#define ITEMS_A_BANK 500

static const char *const words[] = {
    "record",   "field",     "contact",  "campaign", "account",  "segment",  "score",    "consent",
    "system",   "owner",     "value",    "report",   "customer", "message",  "journey",  "trigger",
    "source",   "target",    "mapping",  "rule",     "import",   "export",   "request",  "answer",
    "change",   "review",    "budget",   "channel",  "audience", "template", "landing",  "page",
    "form",     "webinar",   "event",    "lead",     "pipeline", "stage",    "quarter",  "forecast",
    "revenue",  "metric",    "funnel",   "rate",     "sample",   "noise",    "model",    "test",
    "variant",  "result",    "partner",  "vendor",   "contract", "invoice",  "product",  "region",
    "language", "calendar",  "deadline", "approval", "ticket",   "queue",    "priority", "incident",
    "outage",   "retry",     "limit",    "token",    "schema",   "query",    "table",    "column",
    "key",      "duplicate", "merge",    "survivor", "history",  "log",      "audit",    "policy",
    "notice",   "basis",     "erasure",  "access",   "transfer", "storage",  "backup",   "restore",
    "release",  "rollback"};
static const char *const joints[] = {"of the",      "for each",     "without a",   "before the",
                                     "after the",   "in every",     "between two", "from the",
                                     "against the", "with a shared"};
static const char *const verbs[] = {"keeps",    "changes", "needs",  "holds",    "replaces",
                                    "measures", "checks",  "delays", "explains", "repeats",
                                    "records",  "joins",   "loses",  "shows",    "guards"};

struct text {
    FILE *file;
    uint64_t seed;
};

/* SplitMix64 (Steele, Lea, Flood 2014): small, and the same everywhere. */
static uint64_t draw(struct text *t, uint64_t bound) {
    uint64_t z = t->seed += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (z ^ z >> 31) % bound;
}

/* Small numbers more often, so that words are as unequally common as in a language. */
static uint64_t draw_uneven(struct text *t, uint64_t bound) {
    uint64_t a = draw(t, bound), b = draw(t, bound);
    return a < b ? a : b;
}

static const char *word(struct text *t) {
    return words[draw_uneven(t, sizeof words / sizeof *words)];
}
static const char *joint(struct text *t) { return joints[draw(t, sizeof joints / sizeof *joints)]; }
static const char *verb(struct text *t) { return verbs[draw(t, sizeof verbs / sizeof *verbs)]; }

static void clause(struct text *t) {
    fprintf(t->file, "%s %s %s the %s %s %s", word(t), word(t), verb(t), word(t), joint(t),
            word(t));
}

static void sentence(struct text *t) {
    fputs("The ", t->file);
    clause(t);
    if (draw(t, 2)) {
        fputs(", and the ", t->file);
        clause(t);
    }
    fprintf(t->file, " %s %s. ", joint(t), word(t));
}

static void paragraph(struct text *t, int sentences) {
    for (int i = 0; i < sentences; i++) sentence(t);
    fputs("\n\n", t->file);
}

static void checkpoint(struct text *t, int module, int number) {
    uint64_t key = draw(t, 4);
    fprintf(t->file, "Which %s comes first in case %d of module %d?\n\n", word(t), number, module);
    for (uint64_t i = 0; i < 4; i++) {
        fprintf(t->file, "- [%c] Option %llu: the %s %s %s\n  > ", i == key ? 'x' : ' ',
                (unsigned long long)i + 1, word(t), joint(t), word(t));
        sentence(t);
        fputc('\n', t->file);
    }
    fputc('\n', t->file);
}

static void table(struct text *t) {
    fputs("| Name | Purpose | Owner |\n|---|---|---|\n", t->file);
    for (int i = 0; i < 5; i++)
        fprintf(t->file, "| %s %d | %s the %s | %s |\n", word(t), i + 1, verb(t), word(t), word(t));
    fputc('\n', t->file);
}

static void section(struct text *t, int module, int number, int modules) {
    fprintf(t->file, "## Part %d: the %s %s\n\n", number, word(t), word(t));
    paragraph(t, 5);
    fprintf(t->file, "A [word of the trade](term:bench-term-%02d) and **what it %s** belong to ",
            (int)draw(t, TERMS) + 1, verb(t));
    fprintf(t->file, "[another module](m-%05d.md). ", (int)draw(t, (uint64_t)modules) + 1);
    paragraph(t, 3);
    for (int i = 0; i < 3; i++) {
        fputs("- ", t->file);
        sentence(t);
        fputc('\n', t->file);
    }
    fputc('\n', t->file);
    if (number == 2) table(t);
    if (number == 3) {
        fprintf(t->file, "> [!CASE] The %s on a Saturday\n> ", word(t));
        paragraph(t, 6);
    }
    paragraph(t, 4);
    if (number % 2 == 1) checkpoint(t, module, number);
}

static void module(struct text *t, int n, int modules) {
    fprintf(
        t->file,
        "---\nid: m-%05d\ntitle: Module %d on the %s %s\nsummary: What the %s %s, and why.\nprogramme: bench\n"
        "level: basics\ndomain: work\npersona: all\nminutes: 10\nobjectives:\n  - id: o-%05d\n"
        "    text: Explain what the %s %s\n",
        n, n, word(t), word(t), word(t), verb(t), n, word(t), verb(t));
    if (n > 1) fprintf(t->file, "prerequisites: [m-%05d]\n---\n", n - 1);
    else fputs("prerequisites: []\n---\n", t->file);
    paragraph(t, 4);
    if (n % 20 == 0)
        fputs(
            "การตลาดดิจิทัลต้องใช้ข้อมูลลูกค้าที่ถูกต้องและทันสมัย\n\nيحتاج التسويق الرقمي إلى بيانات دقيقة وحديثة عن العملاء\n\n",
            t->file);
    for (int i = 1; i <= 4; i++) section(t, n, i, modules);
    fputs("## What to take with you\n\n", t->file);
    for (int i = 0; i < 4; i++) {
        fputs("- ", t->file);
        sentence(t);
        fputc('\n', t->file);
    }
}

static void item(struct text *t, int n) {
    uint64_t key = draw(t, 4);
    fprintf(t->file, "## o-%05d-1\n\n```item\nobjective: o-%05d\nlevel: apply\n```\n\n", n, n);
    sentence(t);
    fprintf(t->file, "Which answer fits case %d?\n\n", n);
    for (uint64_t i = 0; i < 4; i++) {
        fprintf(t->file, "- [%c] Answer %llu: the %s %s %s\n  > ", i == key ? 'x' : ' ',
                (unsigned long long)i + 1, word(t), joint(t), word(t));
        sentence(t);
        fputc('\n', t->file);
    }
    fputc('\n', t->file);
}

/* ---- The files ------------------------------------------------------------------------------ */

static bool begin(struct text *t, const char *dir, const char *path, uint64_t seed) {
    char whole[1024];
    snprintf(whole, sizeof whole, "%s/%s", dir, path);
    t->file = fopen(whole, "we");
    t->seed = seed;
    return t->file != NULL;
}

static bool end(struct text *t) {
    bool ok = !ferror(t->file);
    return fclose(t->file) == 0 && ok;
}

static bool folders(const char *dir) {
    static const char *const names[] = {
        "",       "/content",     "/content/bench",    "/content/bench/modules",
        "/exams", "/exams/bench", "/exams/bench/bank", "/labs"};
    char path[1024];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s%s", dir, names[i]);
        if (mkdir(path, 0755) != 0 && errno != EEXIST) return false;
    }
    return true;
}

static bool course(const char *dir) {
    struct text t;
    if (!begin(&t, dir, "content/bench/programme.md", 1)) return false;
    fputs(
        "---\nid: bench\ntitle: A generated course\nbody: Nobody\nscheme_version: \"1\"\nsummary: Text without a meaning.\n"
        "domains:\n  - {id: work, title: The work}\npersonas:\n  - {id: reader, title: Readers, x: technology, y: rational, "
        "summary: They read.}\nlevels:\n  - id: basics\n    title: Basics\n    summary: The first level.\n    scope: Nothing.\n"
        "    valid_months: 12\n    requires:\n      modules: [m-00001]\n---\n\nA course for measuring.\n",
        t.file);
    if (!end(&t) || !begin(&t, dir, "content/bench/glossary.md", 2)) return false;
    fputs("---\nid: bench-glossary\ntitle: Glossary\nprogramme: bench\n---\n", t.file);
    for (int i = 1; i <= TERMS; i++) {
        fprintf(t.file, "## Bench term %02d\n", i);
        paragraph(&t, 1);
    }
    if (!end(&t) || !begin(&t, dir, "content/vendors.txt", 3)) return false;
    fputs("Nobodysoft\n", t.file);
    return end(&t);
}

bool generate_tree(const char *dir, int modules) {
    struct text t;
    char path[128];
    if (!folders(dir) || !course(dir)) return false;
    for (int n = 1; n <= modules; n++) {
        snprintf(path, sizeof path, "content/bench/modules/m-%05d.md", n);
        if (!begin(&t, dir, path, (uint64_t)n << 20)) return false;
        module(&t, n, modules);
        if (!end(&t)) return false;
    }
    for (int n = 1; n <= modules; n += ITEMS_A_BANK) {
        snprintf(path, sizeof path, "exams/bench/bank/bank-%03d.md", n / ITEMS_A_BANK + 1);
        if (!begin(&t, dir, path, (uint64_t)n << 40)) return false;
        fprintf(t.file,
                "---\nid: bench-bank-%03d\ntitle: Bank %d\nprogramme: bench\ndomain: work\n---\n",
                n / ITEMS_A_BANK + 1, n / ITEMS_A_BANK + 1);
        for (int i = n; i < n + ITEMS_A_BANK && i <= modules; i++) item(&t, i);
        if (!end(&t)) return false;
    }
    return true;
}
