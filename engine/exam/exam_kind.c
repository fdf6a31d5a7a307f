/* Exams as evidence: attempts that ended and were scored. */
#include "base/text.h"
#include "content/evidence.h"
#include "exam/exam.h"

static size_t requirements(const struct content_level *level, struct arena *a,
                           struct evidence_requirement **out) {
    *out = NEW_ARRAY(a, struct evidence_requirement, level->exam_count + 1);
    for (size_t i = 0; i < level->exam_count; i++) (*out)[i].id = level->exams[i];
    return level->exam_count;
}

static bool for_renewal(const struct content_level *level) { return level->reapply.renew_exams; }

static const char *title(const struct evidence_asker *who, const char *id, const char **lang) {
    struct exam_summary s;
    bool known = who->app->exams && exam_find(who->app->exams, who->arena, id, &s) == OK;
    *lang = known ? s.lang : NULL;
    return known ? s.title : id;
}

static int64_t minutes(const struct evidence_asker *who, const struct content_progress *progress,
                       const char *id, int left) {
    struct exam_summary s;
    (void)progress;
    (void)left;
    return exam_find(who->app->exams, who->arena, id, &s) == OK ? s.minutes : 0;
}

/* RULE practice-never-counts: an attempt that was practice when it was made stays so, whatever the
 * level names and the exam is called today. Nor does one count that is not scored yet. */
static enum err facts(const struct evidence_asker *who, struct db *db, const char *person_id,
                      const struct evidence_requirement *wanted, size_t count,
                      struct evidence_facts *out) {
    enum err e = OK;
    for (size_t w = 0; e == OK && w < count; w++) {
        struct exam_result *results;
        size_t n;
        e = exam_results(db, who->arena, who->app->exams, person_id, wanted[w].id, &results, &n);
        for (size_t i = 0; e == OK && i < n; i++)
            if (!results[i].practice)
                evidence_add(out, (struct evidence_fact){.kind = &exam_evidence_kind,
                                                         .id = wanted[w].id,
                                                         .passed = results[i].passed,
                                                         .record = results[i].attempt_id,
                                                         .at_ms = results[i].submitted_ms});
    }
    return e;
}

const struct evidence_kind exam_evidence_kind = {.name = "exam",
                                                 .path = "/exams/",
                                                 .final = true,
                                                 .heading = "cert_needs_exams",
                                                 .word = "cohort_kind_exam",
                                                 .met = "cert_need_exam_met",
                                                 .begun = "cert_need_exam_begun",
                                                 .missing = "cert_need_exam_missing",
                                                 .card = "home_kind_exam",
                                                 .why = "home_why_exam",
                                                 .why_again = "home_why_exam_again",
                                                 .note = "",
                                                 .requirements = requirements,
                                                 .for_renewal = for_renewal,
                                                 .title = title,
                                                 .minutes = minutes,
                                                 .facts = facts,
                                                 .record_problem = exam_record_problem};
