// The editor of the warehouse: colours, and completion of tables and columns. It stands in a shadow tree, where its style sheets
// may be (the page's policy allows none that are written into it); the field of the form keeps the text, and is what is sent.
import { autocompletion, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { sql, SQLite } from '@codemirror/lang-sql';
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { EditorState } from '@codemirror/state';
import { EditorView, keymap } from '@codemirror/view';
import { tags } from '@lezer/highlight';

const theme = EditorView.theme({
  '&': { border: '1px solid var(--line-strong)', borderRadius: 'var(--r2)', backgroundColor: 'var(--surface)', color: 'var(--ink)', fontSize: '0.875rem' },
  '&.cm-focused': { outline: '3px solid var(--focus)' },
  '.cm-scroller': { fontFamily: 'var(--mono)', minHeight: '11rem', lineHeight: '1.6' },
  '.cm-content': { caretColor: 'var(--ink)', padding: 'var(--s2)' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': { background: 'var(--brand-soft)' },
  '.cm-tooltip': { background: 'var(--surface)', border: '1px solid var(--line-strong)', color: 'var(--ink)' },
  '.cm-tooltip-autocomplete > ul > li': { padding: '0.25rem 0.5rem', fontFamily: 'var(--mono)' },
  '.cm-tooltip-autocomplete > ul > li[aria-selected]': { background: 'var(--brand)', color: 'var(--on-brand)' },
});
const colours = HighlightStyle.define([
  { tag: tags.keyword, color: 'var(--brand)', fontWeight: '600' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--modernizer)' },
  { tag: tags.number, color: 'var(--scientist)' },
  { tag: tags.comment, color: 'var(--ink-3)', fontStyle: 'italic' },
]);

/** Tables and their columns, as the page lists them. */
const schema = () => Object.fromEntries([...document.querySelectorAll('[data-table]')].map((part) => [part.dataset.table, part.dataset.columns.split(', ')]));

/** What is typed over a selection. The browser would do it itself, and write styles into the page on the way. */
function replace(event, view) {
  if (event.inputType !== 'insertText' || event.isComposing || !event.data || view.state.selection.main.empty) return false;
  event.preventDefault();
  view.dispatch(view.state.replaceSelection(event.data), { userEvent: 'input.type', scrollIntoView: true });
  return true;
}

export function begin(field) {
  const host = document.createElement('div');
  host.className = 'lab-editor';
  const root = host.attachShadow({ mode: 'open' });
  const label = document.querySelector(`label[for="${field.id}"]`);
  const run = () => { field.form.requestSubmit(); return true; };
  const editor = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: field.value,
      extensions: [
        history(),
        autocompletion(),
        sql({ dialect: SQLite, schema: schema(), upperCaseKeywords: true }),
        syntaxHighlighting(colours),
        theme,
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ 'aria-label': label.textContent, spellcheck: 'false', autocapitalize: 'off' }),
        EditorView.updateListener.of((update) => { if (update.docChanged) field.value = update.state.doc.toString(); }),
        EditorView.domEventHandlers({ beforeinput: replace }),
        keymap.of([{ key: 'Mod-Enter', run }, ...completionKeymap, ...historyKeymap, ...defaultKeymap]),
      ],
    }),
  });
  field.hidden = true;
  label.addEventListener('click', () => editor.focus());
  field.after(host);
}
