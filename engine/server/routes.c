/* Every URL of the engine: method, path, who may use it, handler. RULE route-roles: each is for
 * those roles, and refuses all others. */
#include "account/account.h"
#include "base/err.h"
#include "cert/cert.h"
#include "content/content.h"
#include "exam/exam.h"
#include "lab/lab.h"
#include "server/server.h"

#define GUEST ROUTE_GUEST_FORM

const struct route routes[] = {
    /* This room's own */
    {METHOD_GET, "/", ROLE_PUBLIC, home_page, 0},
    {METHOD_GET, "/guide", ROLE_ANY, guide_page, 0},
    {METHOD_GET, "/admin", ROLE_ADMIN, admin_page, 0},
    {METHOD_GET, "/admin/audit", ROLE_ADMIN, admin_audit_page, 0},
    {METHOD_GET, "/admin/cohorts", ROLE_ADMIN, cohorts_page, 0},
    {METHOD_POST, "/admin/cohorts", ROLE_ADMIN, cohorts_post, 0},
    {METHOD_GET, "/admin/cohorts/:id", ROLE_ADMIN, cohorts_one_page, 0},
    {METHOD_POST, "/admin/cohorts/:id/members", ROLE_ADMIN, cohorts_join_post, 0},
    {METHOD_POST, "/admin/cohorts/:id/leave", ROLE_ADMIN, cohorts_leave_post, 0},
    {METHOD_GET, "/static/*", ROLE_PUBLIC, http_static_page, ROUTE_PLAIN},
    {METHOD_GET, "/healthz", ROLE_PUBLIC, health_page, ROUTE_PLAIN},
    {METHOD_GET, "/metrics", ROLE_PUBLIC, http_metrics_page, ROUTE_PLAIN},

    /* account */
    {METHOD_GET, "/login", ROLE_PUBLIC, account_login_page, GUEST},
    {METHOD_POST, "/login", ROLE_PUBLIC, account_login_post, GUEST},
    {METHOD_POST, "/logout", ROLE_ANY, account_logout_post, ROUTE_UNFINISHED},
    {METHOD_GET, "/me", ROLE_ANY, account_profile_page, 0},
    {METHOD_POST, "/me/password", ROLE_ANY, account_password_post, 0},
    {METHOD_GET, "/me/first-password", ROLE_ANY, account_first_password_page, 0},
    {METHOD_POST, "/me/first-password", ROLE_ANY, account_first_password_post, 0},
    {METHOD_GET, "/login/code", ROLE_ANY, account_code_page, 0},
    {METHOD_POST, "/login/code", ROLE_ANY, account_code_post, 0},
    {METHOD_GET, "/me/second-factor", ROLE_ANY, account_factor_page, 0},
    {METHOD_POST, "/me/second-factor", ROLE_ANY, account_factor_post, 0},
    {METHOD_POST, "/me/language", ROLE_ANY, account_language_post, ROUTE_UNFINISHED},
    {METHOD_POST, "/me/reading", ROLE_ANY, account_reading_post, 0},
    {METHOD_POST, "/me/sessions/end", ROLE_ANY, account_end_sessions_post, 0},
    {METHOD_GET, "/admin/people", ROLE_ADMIN, account_people_page, 0},
    {METHOD_POST, "/admin/people", ROLE_ADMIN, account_add_post, 0},
    {METHOD_GET, "/admin/people/import", ROLE_ADMIN, account_import_page, 0},
    {METHOD_POST, "/admin/people/import", ROLE_ADMIN, account_import_post, ROUTE_UPLOAD},
    {METHOD_POST, "/admin/people/:id/roles", ROLE_ADMIN, account_roles_post, 0},
    {METHOD_GET, "/admin/people/:id/time", ROLE_ADMIN, exam_time_page, 0},
    {METHOD_POST, "/admin/people/:id/time", ROLE_ADMIN, exam_time_post, 0},
    {METHOD_GET, "/admin/clock", ROLE_ADMIN, exam_clock_page, 0},
    {METHOD_GET, "/admin/attempts/:attempt/reopen", ROLE_ADMIN, exam_reopen_page, 0},
    {METHOD_POST, "/admin/attempts/:attempt/reopen", ROLE_ADMIN, exam_reopen_post, 0},
    {METHOD_POST, "/admin/people/:id/second-factor", ROLE_ADMIN, account_factor_end_post, 0},
    {METHOD_GET, "/admin/people/:id/name", ROLE_ADMIN, account_name_page, 0},
    {METHOD_POST, "/admin/people/:id/name", ROLE_ADMIN, account_name_post, 0},
    {METHOD_GET, "/admin/people/:id/reset", ROLE_ADMIN, account_reset_page, 0},
    {METHOD_POST, "/admin/people/:id/reset", ROLE_ADMIN, account_reset_post, 0},

    /* content */
    {METHOD_GET, "/programmes", ROLE_PUBLIC, content_programmes_page, 0},
    {METHOD_GET, "/programmes/:id", ROLE_PUBLIC, content_programme_page, 0},
    {METHOD_GET, "/modules/:id", ROLE_ANY, content_module_page, 0},
    {METHOD_GET, "/modules/:id/files/:name", ROLE_ANY, content_file_page, 0},
    {METHOD_POST, "/modules/:id/checkpoints/:n", ROLE_ANY, content_checkpoint_post, 0},
    {METHOD_POST, "/modules/:id/progress", ROLE_ANY, content_progress_post, 0},
    {METHOD_GET, "/glossary", ROLE_PUBLIC, content_glossary_page, 0},
    {METHOD_GET, "/self-assessment", ROLE_ANY, content_self_page, 0},
    {METHOD_POST, "/self-assessment", ROLE_ANY, content_self_post, 0},
    {METHOD_GET, "/search", ROLE_ANY, content_search_page, 0},
    {METHOD_GET, "/author/cohort", ROLE_INSTRUCTOR, cohort_page, 0},
    {METHOD_GET, "/author/cohort/:person", ROLE_INSTRUCTOR, cohort_learner_page, 0},
    {METHOD_GET, "/author", ROLE_INSTRUCTOR | ROLE_ADMIN, content_author_page, 0},

    /* exam */
    {METHOD_GET, "/exams", ROLE_ANY, exam_index_page, 0},
    {METHOD_GET, "/exams/:exam", ROLE_ANY, exam_lobby_page, 0},
    {METHOD_POST, "/exams/:exam/start", ROLE_LEARNER, exam_start_post, 0},
    {METHOD_GET, "/attempts/:attempt", ROLE_LEARNER, exam_attempt_page, 0},
    {METHOD_GET, "/attempts/:attempt/q/:n", ROLE_LEARNER, exam_question_page, 0},
    {METHOD_POST, "/attempts/:attempt/q/:n", ROLE_LEARNER, exam_question_post, 0},
    {METHOD_PUT, "/attempts/:attempt/responses/:slot", ROLE_LEARNER, exam_response_put, ROUTE_JSON},
    {METHOD_PUT, "/attempts/:attempt/flags/:slot", ROLE_LEARNER, exam_flag_put, ROUTE_JSON},
    {METHOD_GET, "/attempts/:attempt/state", ROLE_LEARNER, exam_state_page, ROUTE_JSON},
    {METHOD_GET, "/attempts/:attempt/review", ROLE_LEARNER, exam_review_page, 0},
    {METHOD_POST, "/attempts/:attempt/submit", ROLE_LEARNER, exam_submit_post, 0},
    {METHOD_GET, "/attempts/:attempt/result", ROLE_LEARNER, exam_result_page, 0},

    /* lab: a run is its owner's; whoever teaches, assesses or administers may look; the handlers
       see to that */
    {METHOD_GET, "/labs", ROLE_ANY, lab_index_page, 0},
    {METHOD_GET, "/labs/:lab", ROLE_ANY, lab_lobby_page, 0},
    {METHOD_POST, "/labs/:lab/runs", ROLE_LEARNER, lab_start_post, 0},
    {METHOD_GET, "/runs/:run", ROLE_ANY, lab_run_page, 0},
    {METHOD_POST, "/runs/:run/calls", ROLE_ANY, lab_call_post, 0},
    {METHOD_POST, "/runs/:run/console", ROLE_ANY, lab_console_post, 0},
    {METHOD_POST, "/runs/:run/clock", ROLE_ANY, lab_clock_post, 0},
    {METHOD_POST, "/runs/:run/sql", ROLE_ANY, lab_sql_post, 0},
    {METHOD_POST, "/runs/:run/check", ROLE_ANY, lab_check_post, 0},
    {METHOD_POST, "/runs/:run/hints", ROLE_ANY, lab_hint_post, 0},
    {METHOD_POST, "/runs/:run/rewind", ROLE_ANY, lab_rewind_post, 0},
    {METHOD_POST, "/runs/:run/answers", ROLE_ANY, lab_answer_post, 0},
    {METHOD_POST, "/runs/:run/chaos", ROLE_INSTRUCTOR, lab_chaos_post, 0},
    {METHOD_GET, "/runs/:run/replay", ROLE_ANY, lab_replay_page, 0},
    {METHOD_GET, "/runs/:run/api/:connector/*", ROLE_PUBLIC, lab_api,
     ROUTE_BEARER | ROUTE_METHODS | ROUTE_JSON},

    /* cert */
    {METHOD_GET, "/programmes/:p/levels/:l", ROLE_PUBLIC, cert_level_page, 0},
    {METHOD_POST, "/programmes/:p/levels/:l", ROLE_LEARNER, cert_apply_post, 0},
    {METHOD_GET, "/me/certificates", ROLE_ANY, cert_mine_page, 0},
    {METHOD_GET, "/assess", ROLE_ASSESSOR | ROLE_INSTRUCTOR, cert_queue_page, 0},
    {METHOD_GET, "/assess/certificates", ROLE_ASSESSOR | ROLE_ADMIN, cert_certificates_page, 0},
    {METHOD_POST, "/assess/certificates/:n/status", ROLE_ASSESSOR | ROLE_ADMIN, cert_status_post,
     0},
    {METHOD_GET, "/assess/cases/:id", ROLE_ASSESSOR | ROLE_INSTRUCTOR, cert_case_page, 0},
    {METHOD_POST, "/assess/cases/:id/marks", ROLE_ASSESSOR | ROLE_INSTRUCTOR, cert_mark_post, 0},
    {METHOD_POST, "/assess/cases/:id/decision", ROLE_ASSESSOR, cert_decision_post, 0},
    {METHOD_GET, "/assess/cases/:id/attempts/:attempt", ROLE_ASSESSOR, cert_attempt_page, 0},
    {METHOD_GET, "/assess/cases/:id/runs/:run", ROLE_ASSESSOR | ROLE_INSTRUCTOR, cert_run_page, 0},
    {METHOD_GET, "/assess/cases/:id/runs/:run/replay", ROLE_ASSESSOR | ROLE_INSTRUCTOR,
     cert_run_replay_page, 0},
    {METHOD_POST, "/assess/cases/:id/interest", ROLE_ASSESSOR | ROLE_INSTRUCTOR,
     cert_case_interest_post, 0},
    {METHOD_GET, "/assess/interests", ROLE_ASSESSOR | ROLE_INSTRUCTOR | ROLE_ADMIN,
     cert_interests_page, 0},
    {METHOD_POST, "/assess/interests", ROLE_ASSESSOR | ROLE_INSTRUCTOR | ROLE_ADMIN,
     cert_interests_post, 0},
    {METHOD_GET, "/certificates/:n", ROLE_PUBLIC, cert_certificate_page, ROUTE_CORS},
    {METHOD_GET, "/status/:n", ROLE_PUBLIC, cert_status_list_page, ROUTE_CORS | ROUTE_JSON},
    {METHOD_GET, "/.well-known/did.json", ROLE_PUBLIC, cert_did_page, ROUTE_CORS | ROUTE_JSON},
    {METHOD_GET, "/.well-known/audit-head", ROLE_PUBLIC, audit_signed_page,
     ROUTE_CORS | ROUTE_JSON},
    {METHOD_GET, "/.well-known/audit-head/:n", ROLE_PUBLIC, audit_signed_page,
     ROUTE_CORS | ROUTE_JSON},
    {METHOD_GET, "/verify", ROLE_PUBLIC, cert_verify_page, 0},
    {METHOD_POST, "/verify", ROLE_PUBLIC, cert_verify_post, ROUTE_FILE | ROUTE_NO_CSRF},
};
const size_t route_count = COUNT_OF(routes);
