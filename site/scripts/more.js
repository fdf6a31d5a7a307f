// What every page has but a reading page (layout_head_light): tables that sort, clocks that run down.
import { each } from './lib/dom.js';
import { sortable } from './lib/table.js';
import { startTimer } from './lib/timer.js';

each('table[data-sort]', sortable);
each('[data-timer]', startTimer);
