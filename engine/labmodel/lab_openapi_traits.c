/* What a dialect's traits add to its OpenAPI document. */
#include <string.h>

#include "base/text.h"
#include "labmodel/lab_openapi_parts.h"

#define HOOK_TAG "Webhooks"
#define TEXT "{\"type\":\"string\"}"

/* ---- Webhooks ------------------------------------------------------------------------------- */
static void begin(struct openapi *w, const char *verb, const char *id, const char *summary,
                  bool first) {
    buf_printf(w->b, "%s\"%s\":{\"operationId\":\"%s\",\"tags\":[\"" HOOK_TAG "\"],",
               first ? "" : ",", verb, id);
    openapi_text(w, "summary", summary);
    buf_putc(w->b, ',');
}

static void end(struct openapi *w, int status, const char *what, const char *schema,
                unsigned problems) {
    openapi_answers(w, &(struct openapi_answer){.status = status, .what = what, .schema = schema},
                    openapi_common_problems(w->d) | problems);
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
    buf_puts(w->b, w->d->date == LAB_DATE_SECONDS || w->d->date == LAB_DATE_MILLISECONDS
                       ? "{\"type\":\"integer\"}"
                       : TEXT);
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
    if (w->d->hooks) hook_paths(w, w->d->hooks);
}

void openapi_trait_tags(struct openapi *w) {
    if (!w->d->hooks) return;
    buf_puts(w->b, ",{\"name\":\"" HOOK_TAG "\",");
    openapi_text(w, "description", "What this system sends by itself when records change.");
    buf_putc(w->b, '}');
}

void openapi_trait_schemas(struct openapi *w) {
    if (w->d->hooks) hook_schemas(w, w->d->hooks);
}
