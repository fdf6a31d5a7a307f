/* Every URL of the engine: method, path, who may use it, handler. */
#include "account/account.h"
#include "base/err.h"
#include "server/server.h"

#define GUEST ROUTE_GUEST_FORM

const struct route routes[] = {
    /* This room's own */
    {METHOD_GET, "/", ROLE_PUBLIC, home_page, 0},
    {METHOD_GET, "/guide", ROLE_ANY, guide_page, 0},
    {METHOD_GET, "/admin", ROLE_ADMIN, admin_page, 0},
    {METHOD_GET, "/admin/audit", ROLE_ADMIN, admin_audit_page, 0},
    {METHOD_GET, "/static/*", ROLE_PUBLIC, http_static_page, ROUTE_PLAIN},
    {METHOD_GET, "/healthz", ROLE_PUBLIC, http_health_page, ROUTE_PLAIN},
    {METHOD_GET, "/metrics", ROLE_PUBLIC, http_metrics_page, ROUTE_PLAIN},

    /* account */
    {METHOD_GET, "/login", ROLE_PUBLIC, account_login_page, GUEST},
    {METHOD_POST, "/login", ROLE_PUBLIC, account_login_post, GUEST},
    {METHOD_POST, "/logout", ROLE_ANY, account_logout_post, 0},
    {METHOD_GET, "/me", ROLE_ANY, account_profile_page, 0},
    {METHOD_POST, "/me/password", ROLE_ANY, account_password_post, 0},
    {METHOD_POST, "/me/language", ROLE_ANY, account_language_post, 0},
    {METHOD_POST, "/me/sessions/end", ROLE_ANY, account_end_sessions_post, 0},
    {METHOD_GET, "/admin/people", ROLE_ADMIN, account_people_page, 0},
    {METHOD_POST, "/admin/people", ROLE_ADMIN, account_add_post, 0},
    {METHOD_POST, "/admin/people/:id/roles", ROLE_ADMIN, account_roles_post, 0},
    {METHOD_POST, "/admin/people/:id/reset", ROLE_ADMIN, account_reset_post, 0},
};
const size_t route_count = COUNT_OF(routes);
