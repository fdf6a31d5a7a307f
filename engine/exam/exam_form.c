/* Drawing of forms. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "exam/exam_type.h"

#define SEARCH_STEPS 200000 /* then another order is tried */
#define SEARCH_ORDERS 8
#define EXACT_ITEMS 24 /* enemies in one cell up to which the supply is computed exactly */

/* Streams of random numbers, one for each purpose. Items have their own above STREAM_ITEM. */
enum { STREAM_DRAW = 1, STREAM_SEQUENCE = 100, STREAM_ITEM = 1000 };

#define GOLDEN_GAMMA UINT64_C(0x9E3779B97F4A7C15)

static uint64_t finalise(uint64_t z) {
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

/* Each part is mixed before the next comes in: neighbouring seeds, streams and counts have
 * nothing in common. */
uint64_t exam_chance(uint64_t seed, uint64_t stream, uint64_t n) {
    return finalise(finalise(finalise(seed + GOLDEN_GAMMA) + (stream + 1) * GOLDEN_GAMMA) +
                    (n + 1) * GOLDEN_GAMMA);
}

uint32_t exam_chance_below(uint64_t seed, uint64_t stream, uint64_t *n, uint32_t bound) {
    BUG_IF(bound == 0); /* callers draw below 2 and more, or below the options of a published item:
                           at least two */
    uint32_t reject = (uint32_t)(-bound) %
                      bound; /* 2^32 mod bound: draws below it would favour small numbers */
    for (;;) {
        uint32_t x = (uint32_t)(exam_chance(seed, stream, (*n)++) >> 32);
        if (x >= reject) return x % bound;
    }
}

/* ---- The bank as a graph ------------------------------------------------------------------- */

struct node {
    const struct exam_item *item;
    int *enemies;             /* indices of nodes */
    int enemy_count, blocked; /* blocked: how many enemies are chosen */
    int pool;                 /* the pool that it belongs to; -1 = none */
    bool seen, chosen;
    uint64_t key; /* drawn: the order in which candidates are tried */
};

struct graph {
    struct node *nodes; /* by id, whatever the order in the files */
    int count;
};

static int by_id(const void *a, const void *b) {
    return strcmp(((const struct node *)a)->item->id, ((const struct node *)b)->item->id);
}

static int find_node(const struct graph *g, const char *id) {
    for (int low = 0, high = g->count; low < high;) {
        int middle = (low + high) / 2, order = strcmp(g->nodes[middle].item->id, id);
        if (order == 0) return middle;
        if (order < 0) low = middle + 1;
        else high = middle;
    }
    return -1;
}

static void add_enemy(struct graph *g, struct arena *a, int from, int to) {
    struct node *n = &g->nodes[from];
    for (int i = 0; i < n->enemy_count; i++)
        if (n->enemies[i] == to) return;
    n->enemies = arena_grow(a, n->enemies, (size_t)n->enemy_count * sizeof *n->enemies,
                            (size_t)(n->enemy_count + 1) * sizeof *n->enemies);
    n->enemies[n->enemy_count++] = to;
}

static void build_graph(struct graph *g, const struct exam_unit *unit, struct arena *a) {
    g->count = (int)unit->item_count;
    g->nodes = NEW_ARRAY(a, struct node, unit->item_count + 1);
    for (int i = 0; i < g->count; i++)
        g->nodes[i] = (struct node){.item = &unit->items[i], .pool = -1};
    qsort(g->nodes, (size_t)g->count, sizeof *g->nodes, by_id);
    for (int i = 0; i < g->count; i++)
        for (size_t k = 0; k < g->nodes[i].item->enemy_count; k++) {
            int other = find_node(g, g->nodes[i].item->enemies[k]);
            if (other < 0 || other == i) continue;
            add_enemy(g, a, i, other); /* enmity is mutual, also when only one names the other */
            add_enemy(g, a, other, i);
        }
}

static bool in_cell(const struct exam_item *item, const struct exam_cell *cell) {
    return !item->pilot && item->level == cell->level && str_eq(item->domain, cell->domain);
}

/* ---- Supply -------------------------------------------------------------------------------- */

/* The size of the largest set of `members` in which no two are enemies. Branches on each member:
 * with it, or without it. `out` marks those that are excluded. */
static int largest_independent_set(const struct graph *g, const int *members, int count, int at,
                                   const bool *out) {
    while (at < count && out[at]) at++;
    if (at == count) return 0;
    bool with[EXACT_ITEMS];
    memcpy(with, out, sizeof with);
    bool free = true;
    for (int i = at + 1; i < count; i++)
        for (int k = 0; k < g->nodes[members[at]].enemy_count; k++)
            if (g->nodes[members[at]].enemies[k] == members[i] && !out[i]) {
                with[i] = true;
                free = false;
            }
    int best = 1 + largest_independent_set(g, members, count, at + 1, with);
    if (free) return best;
    int without = largest_independent_set(g, members, count, at + 1, out);
    return without > best ? without : best;
}

static bool enemies_within(const struct graph *g, int node, const struct exam_cell *cell) {
    for (int k = 0; k < g->nodes[node].enemy_count; k++)
        if (in_cell(g->nodes[g->nodes[node].enemies[k]].item, cell)) return true;
    return false;
}

int exam_cell_supply(const struct exam_unit *unit, const struct exam_cell *cell, struct arena *a) {
    struct graph g;
    int members[EXACT_ITEMS], conflicting = 0, supply = 0;
    build_graph(&g, unit, a);
    for (int i = 0; i < g.count; i++) {
        if (!in_cell(g.nodes[i].item, cell)) continue;
        if (enemies_within(&g, i, cell) && conflicting < EXACT_ITEMS) members[conflicting++] = i;
        else supply++;
    }
    bool out[EXACT_ITEMS] = {false};
    return supply + largest_independent_set(&g, members, conflicting, 0, out);
}

bool exam_unit_parts(const struct exam_unit *unit) {
    for (size_t i = 0; i < unit->item_count; i++) {
        const struct exam_item *item = &unit->items[i];
        const struct exam_slot slot = {.type = item->type, .option_count = item->option_count};
        int max = 1;
        (void)item->type->points(
            &(struct exam_ask){.slot = &slot, .item = item, .response = EXAM_NO_ANSWER}, &max);
        for (size_t c = 0; c < unit->def.cell_count && max > 1; c++)
            if (in_cell(item, &unit->def.cells[c])) return true;
    }
    return false;
}

/* ---- The search ---------------------------------------------------------------------------- */

struct pool { /* what one cell, or the pilot items, may be taken from */
    int *candidates, count, need, left;
};
struct essential { /* an essential objective: one of these items must be on the form */
    int *candidates, count;
};
struct search {
    struct graph g;
    struct pool *pools;
    struct essential *essentials; /* those with the fewest candidates first */
    int pool_count, essential_count, need;
    int *picks, pick_count, steps;
};

static int by_preference(const void *a, const void *b, void *context) {
    const struct graph *g = context;
    const struct node *x = &g->nodes[*(const int *)a], *y = &g->nodes[*(const int *)b];
    if (x->seen != y->seen) return x->seen ? 1 : -1;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return *(const int *)a - *(const int *)b;
}

static void fill_pools(struct search *s, const struct exam_unit *unit, struct arena *a) {
    const struct exam_def *def = &unit->def;
    s->pools = NEW_ARRAY(a, struct pool, def->cell_count + 1);
    s->pool_count = (int)def->cell_count + (def->pilot_items > 0);
    for (int p = 0; p < s->pool_count; p++) {
        bool pilots = p == (int)def->cell_count;
        struct pool *pool = &s->pools[p];
        pool->need = pilots ? def->pilot_items : def->cells[p].count;
        pool->candidates = NEW_ARRAY(a, int, s->g.count + 1);
        for (int i = 0; i < s->g.count; i++) {
            if (pilots ? !s->g.nodes[i].item->pilot : !in_cell(s->g.nodes[i].item, &def->cells[p]))
                continue;
            pool->candidates[pool->count++] = i;
            s->g.nodes[i].pool = p;
        }
        s->need += pool->need;
    }
    s->picks = NEW_ARRAY(a, int, s->need + 1);
}

static int by_count(const void *a, const void *b) {
    const struct essential *x = a, *y = b;
    if (x->count != y->count) return x->count - y->count;
    return x->count ? x->candidates[0] - y->candidates[0] : 0;
}

/* Called after fill_pools. Only scored items of a cell are candidates. */
static void fill_essentials(struct search *s, const struct exam_unit *unit, struct arena *a) {
    const struct exam_def *def = &unit->def;
    s->essentials = NEW_ARRAY(a, struct essential, def->essential_count + 1);
    for (size_t o = 0; o < def->essential_count; o++) {
        struct essential *essential = &s->essentials[s->essential_count++];
        essential->candidates = NEW_ARRAY(a, int, s->g.count + 1);
        for (int i = 0; i < s->g.count; i++) {
            const struct node *n = &s->g.nodes[i];
            if (n->pool >= 0 && !n->item->pilot && str_eq(n->item->objective, def->essential[o]))
                essential->candidates[essential->count++] = i;
        }
    }
    if (s->essential_count)
        qsort(s->essentials, (size_t)s->essential_count, sizeof *s->essentials, by_count);
}

static void block_enemies(struct search *s, int node, int by) {
    for (int k = 0; k < s->g.nodes[node].enemy_count; k++)
        s->g.nodes[s->g.nodes[node].enemies[k]].blocked += by;
}

/* Adds an item to the form, and counts a step. False when its pool is full or it has an enemy on
 * the form. */
static bool take(struct search *s, int node) {
    struct node *n = &s->g.nodes[node];
    if (n->blocked || n->chosen || s->pools[n->pool].left == 0) return false;
    s->steps++;
    n->chosen = true;
    s->pools[n->pool].left--;
    block_enemies(s, node, 1);
    s->picks[s->pick_count++] = node;
    return true;
}

static void put_back(struct search *s) {
    int node = s->picks[--s->pick_count];
    block_enemies(s, node, -1);
    s->g.nodes[node].chosen = false;
    s->pools[s->g.nodes[node].pool].left++;
}

/* Searches depth first, each pool in its order of preference. The picks of one pool ascend, so that
 * no set is tried twice. The recursion is as deep as a form is long (EXAM_ITEMS). */
static bool fill_pools_from(struct search *s, int p, int at) {
    while (p < s->pool_count && s->pools[p].left == 0) {
        p++;
        at = 0;
    }
    if (p == s->pool_count) return true;
    for (struct pool *pool = &s->pools[p]; at < pool->count && s->steps < SEARCH_STEPS; at++) {
        if (!take(s, pool->candidates[at])) continue;
        if (fill_pools_from(s, p, at + 1)) return true;
        put_back(s);
    }
    return false;
}

/* RULE exam-essential: first one item of each essential objective, then the rest of the cells. */
static bool pick_essentials(struct search *s, int essential) {
    if (essential == s->essential_count) return fill_pools_from(s, 0, 0);
    for (int i = 0; i < s->essentials[essential].count && s->steps < SEARCH_STEPS; i++) {
        if (!take(s, s->essentials[essential].candidates[i])) continue;
        if (pick_essentials(s, essential + 1)) return true;
        put_back(s);
    }
    return false;
}

static bool run_search(struct search *s) {
    for (int i = 0; i < s->g.count; i++) {
        s->g.nodes[i].blocked = 0;
        s->g.nodes[i].chosen = false;
    }
    for (int p = 0; p < s->pool_count; p++) s->pools[p].left = s->pools[p].need;
    s->pick_count = s->steps = 0;
    return pick_essentials(s, 0);
}

static void order_candidates(struct search *s, uint64_t seed, uint64_t stream) {
    for (int i = 0; i < s->g.count; i++)
        s->g.nodes[i].key = stream ? exam_chance(seed, stream, (uint64_t)i) : (uint64_t)i;
    for (int p = 0; p < s->pool_count; p++)
        qsort_r(s->pools[p].candidates, (size_t)s->pools[p].count, sizeof(int), by_preference,
                &s->g);
    for (int o = 0; o < s->essential_count; o++)
        qsort_r(s->essentials[o].candidates, (size_t)s->essentials[o].count, sizeof(int),
                by_preference, &s->g);
}

static int count_seen(const struct search *s, const int *picks) {
    int n = 0;
    for (int i = 0; i < s->need; i++) n += s->g.nodes[picks[i]].seen;
    return n;
}

/* Fills `picks`. Candidates that were seen are tried last; enemies can still lead one search
 * into them, so of several searches the one that shares the least is taken. */
static bool choose(struct search *s, uint64_t seed, bool any_seen, int *picks) {
    bool found = false;
    int least = 0;
    for (uint64_t order = 0; order <= SEARCH_ORDERS && !(found && (!any_seen || least == 0));
         order++) {
        if (order == SEARCH_ORDERS && found) break;
        /* At last: the order in which the unit was proven when it was published. */
        order_candidates(s, seed, order < SEARCH_ORDERS ? STREAM_DRAW + order : 0);
        if (!run_search(s)) continue;
        int shared = count_seen(s, s->picks);
        if (found && shared >= least) continue;
        memcpy(picks, s->picks, (size_t)s->need * sizeof *picks);
        least = shared;
        found = true;
    }
    return found;
}

/* ---- The form ------------------------------------------------------------------------------ */

static void shuffle_options(struct exam_slot *slot, uint64_t seed, uint64_t stream) {
    uint64_t n = 0;
    for (int i = 0; i < slot->option_count; i++) slot->order[i] = (unsigned char)i;
    for (int i = slot->option_count - 1; i > 0; i--) {
        uint32_t k = exam_chance_below(seed, stream, &n, (uint32_t)i + 1);
        unsigned char t = slot->order[i];
        slot->order[i] = slot->order[k];
        slot->order[k] = t;
    }
}

static void fill_form(struct exam_form *form, const struct exam_unit *unit, const struct search *s,
                      const int *picks, uint64_t seed, struct arena *a) {
    uint64_t n = 0;
    form->seed = seed;
    form->floors = unit->def.floors;
    form->floor_count = (int)unit->def.floor_count;
    form->slot_count = s->need;
    form->slots = NEW_ARRAY(a, struct exam_slot, s->need);
    for (int i = 0; i < s->need; i++) {
        const struct exam_item *item = s->g.nodes[picks[i]].item;
        form->slots[i] = (struct exam_slot){
            .item = item->id,
            .version = item->version,
            .domain = item->domain,
            .lang = item->lang ? item->lang : unit->course.lang,
            .level = item->level,
            .scored = !item->pilot,
            .type = item->type,
            .option_count = item->type->shuffled ? item->option_count : 0};
        shuffle_options(&form->slots[i], seed, STREAM_ITEM + (uint64_t)picks[i]);
    }
    for (int i = s->need - 1; i > 0; i--) {
        uint32_t k = exam_chance_below(seed, STREAM_SEQUENCE, &n, (uint32_t)i + 1);
        struct exam_slot t = form->slots[i];
        form->slots[i] = form->slots[k];
        form->slots[k] = t;
    }
}

/* Assigns a place in a cell to the objective; another objective that has the place may be moved
 * (augmenting paths of a bipartite matching). */
static bool assign_place(const struct exam_unit *unit, size_t objective, size_t *assigned,
                         const size_t *place_cell, size_t places, bool *tried) {
    const struct exam_def *def = &unit->def;
    for (size_t p = 0; p < places; p++) {
        bool fits = false;
        for (size_t i = 0; i < unit->item_count && !fits; i++)
            fits = str_eq(unit->items[i].objective, def->essential[objective]) &&
                   in_cell(&unit->items[i], &def->cells[place_cell[p]]);
        if (!fits || tried[p]) continue;
        tried[p] = true;
        if (assigned[p] &&
            !assign_place(unit, assigned[p] - 1, assigned, place_cell, places, tried))
            continue;
        assigned[p] = objective + 1;
        return true;
    }
    return false;
}

/* Reports the essential objectives for which the cells have no place, without regard to enemies:
 * those without an item, and those that need the place of another. */
static void unmet_essentials(struct buf *b, const struct exam_unit *unit, struct arena *a) {
    const struct exam_def *def = &unit->def;
    size_t total = 0, places = 0;
    for (size_t i = 0; i < def->cell_count; i++) total += (size_t)def->cells[i].count;
    size_t *assigned = NEW_ARRAY(a, size_t, total + 1),
           *place_cell = NEW_ARRAY(a, size_t, total + 1);
    bool *tried = NEW_ARRAY(a, bool, total + 1);
    for (size_t i = 0; i < def->cell_count; i++)
        for (int k = 0; k < def->cells[i].count; k++) place_cell[places++] = i;
    for (size_t o = 0; o < def->essential_count; o++) {
        bool any = false;
        for (size_t i = 0; i < unit->item_count && !any; i++)
            for (size_t c = 0; c < def->cell_count && !any; c++)
                any = str_eq(unit->items[i].objective, def->essential[o]) &&
                      in_cell(&unit->items[i], &def->cells[c]);
        memset(tried, 0, places * sizeof *tried);
        if (any && assign_place(unit, o, assigned, place_cell, places, tried)) continue;
        buf_printf(b,
                   any ? "%sno place is left for the essential objective %s: its cells are taken "
                         "by others that are essential"
                       : "%sno scored item of a cell measures the essential objective %s",
                   b->len ? "; " : "", def->essential[o]);
    }
}

static const char *shortage(const struct exam_unit *unit, struct arena *a) {
    const struct exam_def *def = &unit->def;
    struct buf b;
    buf_init(&b, a);
    for (size_t i = 0; i < def->cell_count; i++) {
        int supply = exam_cell_supply(unit, &def->cells[i], a);
        if (supply < def->cells[i].count)
            buf_printf(&b, "%sshort by %d %s item%s in %s", b.len ? "; " : "",
                       def->cells[i].count - supply, exam_levels[def->cells[i].level],
                       def->cells[i].count - supply == 1 ? "" : "s", def->cells[i].domain);
    }
    int pilots = 0;
    for (size_t i = 0; i < unit->item_count; i++) pilots += unit->items[i].pilot;
    if (pilots < def->pilot_items)
        buf_printf(&b, "%sshort by %d pilot item%s", b.len ? "; " : "", def->pilot_items - pilots,
                   def->pilot_items - pilots == 1 ? "" : "s");
    unmet_essentials(&b, unit, a);
    if (!b.len)
        buf_puts(&b, def->essential_count ? "each cell could be filled, but enemies leave no form "
                                            "that also holds an item of each essential objective"
                                          : "each cell could be filled, but enemies in different "
                                            "cells (or among pilot items) leave no form");
    return buf_text(&b);
}

enum err exam_form_draw(struct exam_form *out, const struct exam_unit *unit, uint64_t seed,
                        const struct exam_seen *seen, struct arena *a, const char **why) {
    struct search s = {0};
    build_graph(&s.g, unit, a);
    for (size_t i = 0; seen && i < seen->count; i++) {
        int node = find_node(&s.g, seen->items[i]);
        if (node >= 0) s.g.nodes[node].seen = true;
    }
    fill_pools(&s, unit, a);
    fill_essentials(&s, unit, a);
    int *picks = NEW_ARRAY(a, int, s.need + 1);
    if (s.need == 0 || !choose(&s, seed, seen && seen->count, picks)) {
        *why = shortage(unit, a);
        return ERR_INVALID;
    }
    fill_form(out, unit, &s, picks, seed, a);
    return OK;
}
