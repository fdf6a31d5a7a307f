/* What a dialect's traits add to its OpenAPI document. */
#include <string.h>

#include "base/text.h"
#include "labmodel/lab_openapi_parts.h"

#define HOOK_TAG "Webhooks"
#define ACCESS_TAG "Access"
#define TEXT "{\"type\":\"string\"}"

static const char *time_type(struct openapi *w) {
    bool number = w->d->date == LAB_DATE_SECONDS || w->d->date == LAB_DATE_MILLISECONDS;
    return number ? "{\"type\":\"integer\"}" : TEXT;
}

/* ---- Keys and tokens ------------------------------------------------------------------------ */
void openapi_scopes(struct openapi *w) {
    buf_puts(w->b, ",\"scopes\":{");
    for (int i = 0; i < w->d->scope_count; i++) {
        const struct lab_scope *s = &w->d->scopes[i];
        struct buf what;
        buf_init(&what, w->b->arena);
        const bool records = s->read || s->write, all = s->objects == ~(uint64_t)0;
        if (records)
            buf_puts(&what, s->read && s->write ? "Reads and writes"
                            : s->read           ? "Reads"
                                                : "Writes");
        if (records && all) buf_puts(&what, " everything.");
        for (int k = 0; k < w->c->object_count && records && !all; k++)
            if (s->objects >> k & 1) buf_printf(&what, " %s.", w->d->objects[k].plural);
        if (s->hooks) buf_puts(&what, records ? " Webhooks." : "Webhooks.");
        if (i) buf_putc(w->b, ',');
        openapi_text(w, s->as, buf_text(&what));
    }
    buf_putc(w->b, '}');
}

/* Any one of them is enough. */
void openapi_scopes_needed(struct openapi *w, const struct lab_object *o, bool writes) {
    bool any = false;
    if (!w->d->scope_count) return;
    buf_puts(w->b, "\"security\":[");
    for (int i = 0; i < w->d->scope_count; i++) {
        const struct lab_scope *s = &w->d->scopes[i];
        if (!(s->objects >> o->index & 1) || !(writes ? s->write : s->read)) continue;
        buf_puts(w->b, any ? ",{\"account\":[" : "{\"account\":[");
        buf_json(w->b, s->as);
        buf_puts(w->b, "]}");
        any = true;
    }
    buf_puts(w->b, any ? "]," : "{\"account\":[]}],");
}

void openapi_scopes_any(struct openapi *w, struct openapi_use use) {
    bool any = false;
    if (!w->d->scope_count) return;
    buf_puts(w->b, "\"security\":[");
    for (int i = 0; i < w->d->scope_count; i++) {
        const struct lab_scope *s = &w->d->scopes[i];
        if (!((use.read && s->read) || (use.write && s->write) || (use.hooks && s->hooks)))
            continue;
        buf_puts(w->b, any ? ",{\"account\":[" : "{\"account\":[");
        buf_json(w->b, s->as);
        buf_puts(w->b, "]}");
        any = true;
    }
    buf_puts(w->b, "],");
}

static void token_schema(struct openapi *w) {
    struct openapi_members m;
    buf_puts(w->b, ",\"access.token\":");
    openapi_object_begin(w, &m);
    openapi_member(w, &m, "access_token", true);
    buf_puts(w->b, TEXT);
    openapi_member(w, &m, "token_type", true);
    buf_puts(w->b, "{\"const\":\"Bearer\"}");
    openapi_member(w, &m, "expires_in", true);
    buf_puts(w->b, "{\"type\":\"integer\",\"description\":\"Seconds of the lab's clock.\"}");
    if (w->d->scope_count) {
        openapi_member(w, &m, "scope", true);
        buf_puts(w->b, TEXT);
    }
    if (w->d->refresh_days) {
        openapi_member(w, &m, "refresh_token", true);
        buf_puts(w->b, "{\"type\":\"string\",\"description\":\"Good once. Who uses it again ends "
                       "it and all that came of it.\"}");
    }
    openapi_object_end(w, &m);
}

static void form_member(struct openapi *w, const char *name, const char *what) {
    buf_putc(w->b, ',');
    buf_json(w->b, name);
    buf_puts(w->b, ":{\"type\":\"string\",");
    openapi_text(w, "description", what);
    buf_putc(w->b, '}');
}

static void token_path(struct openapi *w) {
    const struct lab_dialect *d = w->d;
    buf_putc(w->b, ',');
    buf_json(w->b, d->auth_path);
    buf_puts(w->b, ":{\"post\":{\"operationId\":\"access_token\",\"tags\":[\"" ACCESS_TAG
                   "\"],\"security\":[{}],\"summary\":\"Access: a token\",\"requestBody\":{"
                   "\"required\":true,\"content\":{\"application/x-www-form-urlencoded\":{"
                   "\"schema\":{\"type\":\"object\",\"properties\":{\"grant_type\":{\"enum\":["
                   "\"client_credentials\"");
    buf_puts(w->b, d->refresh_days ? ",\"refresh_token\"]}" : "]}");
    form_member(w, "client_id", "The id of the run.");
    form_member(w, "client_secret", "The run's key.");
    if (d->scope_count)
        form_member(w, "scope", "Scopes with blanks between them; without it all of them.");
    if (d->refresh_days)
        form_member(w, "refresh_token",
                    "With grant_type=refresh_token: the one that is to be used.");
    buf_puts(w->b, "},\"required\":[\"grant_type\",\"client_id\",\"client_secret\"]}}}},");
    openapi_answers(
        w, &(struct openapi_answer){.status = 200, .what = "A token.", .schema = "access.token"},
        LAB_PROBLEM_BIT(UNAUTHENTICATED) | LAB_PROBLEM_BIT(OUTAGE) |
            (d->scope_count || d->refresh_days ? LAB_PROBLEM_BIT(GRANT) : 0));
    buf_puts(w->b, "}}");
}

static void rotation_path(struct openapi *w) {
    buf_putc(w->b, ',');
    buf_json(w->b, arena_printf(w->b->arena, "%s%s", w->d->base, w->d->rotate_path));
    buf_puts(w->b, ":{\"post\":{\"operationId\":\"access_rotate\",\"tags\":[\"" ACCESS_TAG
                   "\"],\"summary\":\"Access: a new key\",");
    openapi_answers(
        w,
        &(struct openapi_answer){
            .status = 200,
            .what = arena_printf(w->b->arena, "The new key. The old one is good for %d minutes.",
                                 w->d->rotate_minutes),
            .schema = "access.key"},
        openapi_common_problems(w->d));
    buf_puts(w->b, "}}");
}

static void key_schema(struct openapi *w) {
    struct openapi_members m;
    buf_puts(w->b, ",\"access.key\":");
    openapi_object_begin(w, &m);
    openapi_member(w, &m, "key", true);
    buf_puts(w->b, TEXT);
    openapi_member(w, &m, "old_key_until", true);
    buf_puts(w->b, time_type(w));
    openapi_object_end(w, &m);
}

/* ---- Webhooks ------------------------------------------------------------------------------- */
static void begin(struct openapi *w, const char *verb, const char *id, const char *summary,
                  bool first) {
    buf_printf(w->b, "%s\"%s\":{\"operationId\":\"%s\",\"tags\":[\"" HOOK_TAG "\"],",
               first ? "" : ",", verb, id);
    openapi_text(w, "summary", summary);
    buf_putc(w->b, ',');
    openapi_scopes_any(w, (struct openapi_use){.hooks = true});
}

static void end(struct openapi *w, int status, const char *what, const char *schema,
                unsigned problems) {
    openapi_answers(w, &(struct openapi_answer){.status = status, .what = what, .schema = schema},
                    openapi_common_problems(w->d) | problems |
                        (w->d->scope_count ? LAB_PROBLEM_BIT(SCOPE) : 0));
    buf_putc(w->b, '}');
}

static void hook_paths(struct openapi *w, const struct lab_hooks *h) {
    const char *path = arena_printf(w->b->arena, "%s%s", w->d->base, h->path);
    unsigned item = LAB_PROBLEM_BIT(UNKNOWN_RECORD);
    buf_putc(w->b, ',');
    buf_json(w->b, path);
    buf_puts(w->b, ":{");
    begin(w, "get", "hook_list", "Webhooks: all subscriptions", true);
    end(w, 200, "The subscriptions.", "webhook.page", 0);
    begin(w, "post", "hook_create", "Webhooks: subscribe a receiver", false);
    buf_puts(w->b, "\"requestBody\":{\"required\":true,\"content\":{\"application/json\":"
                   "{\"schema\":{\"$ref\":\"#/components/schemas/webhook.new\"}}}},");
    end(w, 201, "Pending, until the receiver has accepted the challenge and echoed it.",
        "webhook.secret.one",
        LAB_PROBLEM_BIT(BAD_JSON) | LAB_PROBLEM_BIT(UNKNOWN_FIELD) | LAB_PROBLEM_BIT(REQUIRED) |
            LAB_PROBLEM_BIT(INVALID_VALUE) | LAB_PROBLEM_BIT(TOO_MANY));
    buf_putc(w->b, '}');
    openapi_item_path(w, arena_printf(w->b->arena, "%s/{id}", path));
    buf_putc(w->b, ',');
    begin(w, "get", "hook_get", "Webhooks: one subscription", true);
    end(w, 200, "The subscription.", "webhook.one", item);
    begin(w, "delete", "hook_delete", "Webhooks: end a subscription", false);
    end(w, 204, "Ended.", NULL, item);
    buf_putc(w->b, '}');
    openapi_item_path(w, arena_printf(w->b->arena, "%s/{id}/%s", path, h->rotate));
    buf_putc(w->b, ',');
    begin(w, "post", "hook_rotate", "Webhooks: a new secret", true);
    end(w, 200,
        arena_printf(w->b->arena, "The old secret signs beside the new one for %d minutes.",
                     h->overlap_minutes),
        "webhook.secret.one", item);
    buf_putc(w->b, '}');
    openapi_item_path(w, arena_printf(w->b->arena, "%s/{id}/%s", path, h->log));
    buf_putc(w->b, ',');
    begin(w, "get", "hook_log", "Webhooks: the last 50 deliveries", true);
    end(w, 200, "What was sent, the latest first.", "webhook.log", item);
    buf_putc(w->b, '}');
}

static void hook_schema(struct openapi *w, const char *name, bool secret) {
    const struct lab_hooks *h = w->d->hooks;
    struct openapi_members m;
    buf_putc(w->b, ',');
    buf_json(w->b, name);
    buf_putc(w->b, ':');
    openapi_object_begin(w, &m);
    openapi_member(w, &m, h->id_as, true);
    buf_puts(w->b, TEXT);
    openapi_member(w, &m, h->address_as, true);
    buf_puts(w->b, TEXT);
    openapi_member(w, &m, h->state_as, true);
    buf_puts(w->b, "{\"enum\":[\"pending\",\"active\"]}");
    if (secret) {
        openapi_member(w, &m, h->secret_as, true);
        buf_puts(w->b, "{\"type\":\"string\",\"description\":\"It is told now and never again.\"}");
    }
    openapi_object_end(w, &m);
}

static void around(struct openapi *w, const char *name, const char *record, enum lab_body_of of) {
    buf_putc(w->b, ',');
    buf_json(w->b, name);
    buf_putc(w->b, ':');
    openapi_body_around(w, record, of);
}

static void delivery_schema(struct openapi *w) {
    struct openapi_members m, arrived;
    buf_puts(w->b, ",\"webhook.delivery\":");
    openapi_object_begin(w, &m);
    openapi_member(w, &m, "id", true);
    buf_puts(w->b, TEXT);
    openapi_member(w, &m, "state", true);
    buf_puts(w->b, "{\"enum\":[\"waiting\",\"delivered\",\"given up\"]}");
    openapi_member(w, &m, "body", true);
    buf_puts(w->b, TEXT);
    openapi_member(w, &m, "tries", true);
    buf_puts(w->b, "{\"type\":\"integer\",\"minimum\":0}");
    openapi_member(w, &m, "arrived", true);
    buf_puts(w->b, "{\"type\":\"array\",\"items\":");
    openapi_object_begin(w, &arrived);
    openapi_member(w, &arrived, "at", true);
    buf_puts(w->b, time_type(w));
    openapi_member(w, &arrived, "answer", true);
    buf_puts(w->b, "{\"enum\":[\"open\",\"accepted\",\"refused\",\"late\"]}");
    openapi_object_end(w, &arrived);
    buf_putc(w->b, '}');
    openapi_object_end(w, &m);
}

static void hook_schemas(struct openapi *w, const struct lab_hooks *h) {
    struct openapi_members m;
    hook_schema(w, "webhook.shown", false);
    hook_schema(w, "webhook.secret", true);
    around(w, "webhook.page", "webhook.shown", LAB_BODY_PAGE);
    around(w, "webhook.one", "webhook.shown", LAB_BODY_ONE);
    around(w, "webhook.secret.one", "webhook.secret", LAB_BODY_ONE);
    delivery_schema(w);
    around(w, "webhook.log", "webhook.delivery", LAB_BODY_PAGE);
    buf_puts(w->b, ",\"webhook.new\":");
    openapi_object_begin(w, &m);
    openapi_member(w, &m, h->address_as, true);
    buf_puts(w->b, "{\"type\":\"string\",\"description\":\"The address of a receiver that is open "
                   "in the lab.\"}");
    openapi_object_end(w, &m);
    around(w, "webhook.message", NULL, LAB_BODY_HOOK);
    buf_puts(w->b, ",\"webhook.challenge\":");
    openapi_object_begin(w, &m);
    openapi_member(w, &m, h->challenge_as, true);
    buf_puts(w->b, TEXT);
    openapi_object_end(w, &m);
}

static void sent(struct openapi *w, const char *name, const char *what, const char *schema,
                 const char *answer) {
    const struct lab_hooks *h = w->d->hooks;
    bool any = false;
    buf_printf(w->b, "\"%s\":{\"post\":{\"operationId\":\"on_%s\",\"tags\":[\"" HOOK_TAG "\"],",
               name, name);
    openapi_text(w, "summary", what);
    buf_putc(w->b, ',');
    openapi_parameter(w, &any, h->id_header, "header", "\"type\":\"string\"",
                      "The event's id, the same in each attempt.");
    openapi_parameter(w, &any, h->time_header, "header", "\"type\":\"string\"",
                      "When this attempt was made: seconds since 1970, by the lab's clock.");
    openapi_parameter(
        w, &any, h->signature_header, "header", "\"type\":\"string\"",
        arena_printf(w->b->arena,
                     "`%s`: HMAC-SHA256 of id.timestamp.body under the subscription's secret, in "
                     "hexadecimal digits. Two with a blank between them while an old secret is "
                     "good.",
                     h->signature));
    buf_printf(w->b,
               "],\"requestBody\":{\"required\":true,\"content\":{\"application/json\":{\"schema\":"
               "{\"$ref\":\"#/components/schemas/%s\"}}}},\"responses\":{\"2XX\":{",
               schema);
    openapi_text(w, "description", answer);
    buf_puts(w->b, "},\"4XX\":{");
    openapi_text(w, "description",
                 arena_printf(w->b->arena, "Refused: it is sent again, %d times.", h->retry_count));
    buf_puts(w->b, "}}}}");
}

void openapi_webhooks(struct openapi *w) {
    if (!w->d->hooks) return;
    buf_puts(w->b, "\"webhooks\":{");
    sent(w, "challenge", "A challenge, once after subscribing", "webhook.challenge",
         "Accepted, with the challenge as its answer: the subscription is active.");
    buf_putc(w->b, ',');
    sent(w, "record", "A record was made, changed or deleted", "webhook.message", "Accepted.");
    buf_puts(w->b, "},");
}

/* ---- All ------------------------------------------------------------------------------------ */
void openapi_trait_paths(struct openapi *w) {
    if (w->d->auth == LAB_AUTH_OAUTH) token_path(w);
    if (w->d->rotate_path) rotation_path(w);
    if (w->d->hooks) hook_paths(w, w->d->hooks);
    openapi_bulk_paths(w);
}

void openapi_tag(struct openapi *w, const char *name, const char *what) {
    buf_puts(w->b, ",{");
    openapi_text(w, "name", name);
    buf_putc(w->b, ',');
    openapi_text(w, "description", what);
    buf_putc(w->b, '}');
}

void openapi_trait_tags(struct openapi *w) {
    if (w->d->auth == LAB_AUTH_OAUTH || w->d->rotate_path)
        openapi_tag(w, ACCESS_TAG, "Tokens and keys.");
    if (w->d->hooks)
        openapi_tag(w, HOOK_TAG, "What this system sends by itself when records change.");
    openapi_bulk_tags(w);
}

void openapi_trait_schemas(struct openapi *w) {
    if (w->d->auth == LAB_AUTH_OAUTH) token_schema(w);
    if (w->d->rotate_path) key_schema(w);
    if (w->d->hooks) hook_schemas(w, w->d->hooks);
    openapi_bulk_schemas(w);
}
