/* What screens show of a state, without changing it. */
#include "sandbox/view.h"

#include <string.h>

#include "base/text.h"
#include "sandbox/console.h"
#include "sandbox/conversation.h"
#include "sandbox/faults.h"
#include "sandbox/vfs.h"
#include "sandbox/view_record.h"
#include "sandbox/view_ways.h"
#include "sandbox/view_records.h"

static const char *text_of(json_t *q, const char *key) {
    return json_string_value(json_object_get(q, key));
}

static void string_or_null(struct buf *out, const char *text) {
    if (text) buf_json(out, text);
    else buf_puts(out, "null");
}

static void summary(struct lab_state *s, struct buf *out) {
    buf_printf(out, "{\"now_ms\":%lld,\"step\":%lld,\"start_ms\":%lld", (long long)s->now_ms,
               (long long)s->step, (long long)s->stack.start_ms);
    buf_printf(out, ",\"events\":%lld,\"last_event\":%lld,\"waiting\":%lld,\"next_run_ms\":%lld",
               (long long)state_number(s, "SELECT count(*) FROM event", ""),
               (long long)s->last_event, (long long)conversation_waiting(s),
               (long long)due_first_ms(s, DUE_SCHEDULE));
    buf_puts(out, ",\"members\":[");
    for (int m = 0; m < s->stack.member_count; m++) {
        const struct lab_connector *c = s->stack.members[m].connector;
        buf_printf(out, "%s{\"outage_ms\":%lld,\"day_used\":%lld,\"objects\":[", m ? "," : "",
                   (long long)faults_outage(s, m),
                   (long long)state_number(s,
                                           "SELECT CASE WHEN day = $2 THEN day_used ELSE 0 END "
                                           "FROM sim_quota WHERE member = $1",
                                           "ii", (int64_t)m, s->now_ms / 86400000));
        for (int i = 0; i < c->object_count; i++)
            buf_printf(out, "%s%lld", i ? "," : "", (long long)record_count(s, &c->objects[i]));
        buf_puts(out, "]}");
    }
    buf_puts(out, "]}");
}

/* A check's query gives one row: `ok` (0 or 1) and any columns that its sentences quote. */
static void checks(struct lab_state *s, json_t *q, struct arena *a, struct buf *out) {
    json_t *each;
    size_t i;
    state_write_out(s);
    buf_puts(out, "{\"results\":[");
    json_array_foreach (json_object_get(q, "checks"), i, each) {
        const char *why, *cut;
        struct buf rows;
        buf_init(&rows, a);
        buf_puts(out, i ? ",{\"id\":" : "{\"id\":");
        string_or_null(out, text_of(each, "id"));
        vfs_set(s->seed, s->step, s->now_ms);
        if (console_query(s, text_of(each, "sql"), false, CHECK_OPERATIONS, &rows, &why, &cut))
            buf_printf(out, ",\"result\":%s}", buf_text(&rows));
        else {
            buf_puts(out, ",\"error\":");
            buf_json(out, why);
            buf_putc(out, '}');
        }
    }
    buf_puts(out, "]}");
}

void view_answer(struct lab_state *s, json_t *question, struct arena *a, struct buf *out) {
    const char *view = text_of(question, "view");
    s->scratch = a;
    if (str_eq(view, "summary")) summary(s, out);
    else if (str_eq(view, "list")) view_records(s, question, a, out);
    else if (str_eq(view, "record")) view_record(s, question, a, out);
    else if (str_eq(view, "events")) view_events(s, question, a, out);
    else if (str_eq(view, "diagram")) view_diagram(s, question, a, out);
    else if (str_eq(view, "charts")) view_charts(s, question, a, out);
    else if (str_eq(view, "filters")) view_filters(s, question, a, out);
    else if (str_eq(view, "since")) view_since(s, question, a, out);
    else if (str_eq(view, "names")) view_names(s, question, a, out);
    else if (str_eq(view, "messages"))
        conversation_view(s, json_integer_value(json_object_get(question, "limit")), a, out);
    else if (str_eq(view, "checks")) checks(s, question, a, out);
    else if (str_eq(view, "rows")) {
        const char *why, *cut;
        struct buf rows;
        buf_init(&rows, a);
        state_write_out(s);
        if (console_query(s, text_of(question, "sql"), false, CHECK_OPERATIONS, &rows, &why, &cut))
            buf_add(out, buf_text(&rows), rows.len);
        else {
            buf_puts(out, "{\"error\":");
            buf_json(out, why);
            buf_putc(out, '}');
        }
    } else buf_puts(out, "{\"error\":\"There is no such view.\"}");
}
