// The four personas on their two axes: drawn here once, for the pages and for the module that teaches them.
// x runs from technology (left) to art (right), y from emotional (below) to rational (above).
const personas = [
  { id: 'scientist', x: 'technology', y: 'rational', name: 'Scientists', does: ['test and measure,', 'join tools to try', 'an idea by Friday'], asks: ['“What would we see', 'if we were wrong?”'] },
  { id: 'psychologist', x: 'art', y: 'rational', name: 'Psychologists', does: ['read behaviour,', 'name the interest', 'behind it'], asks: ['“What was she', 'hoping for?”'] },
  { id: 'modernizer', x: 'technology', y: 'emotional', name: 'Modernizers', does: ['renew the tools,', 'take every user', 'with them'], asks: ['“Nobody would', 'choose to wait.”'] },
  { id: 'orchestrator', x: 'art', y: 'emotional', name: 'Orchestrators', does: ['make people, rules', 'and data flows', 'fit together'], asks: ['“Who else touches this?”'] },
];
const column = (p) => (p.x === 'art' ? 1 : 0);
const row = (p) => (p.y === 'emotional' ? 1 : 0);

/** For pages: colours come from the style, words from the locale; `is_…` marks a home, `plot` a point. */
export const partial = [
  '<svg class="personas" viewBox="0 0 360 306" role="img" aria-label="{{t.site_personas_figure}}">',
  ...personas.map((p) => {
    const x = 34 + 150 * column(p), y = 24 + 130 * row(p);
    return `<g data-persona="${p.id}"{{#is_${p.id}}} class="on"{{/is_${p.id}}}><rect x="${x}" y="${y}" width="142" height="122" rx="6"/><text x="${x + 71}" y="${y + 66}">{{t.site_persona_${p.id}s}}</text></g>`;
  }),
  '<g class="axis"><text x="34" y="294" text-anchor="start">{{t.site_axis_technology}}</text><text x="326" y="294" text-anchor="end">{{t.site_axis_art}}</text><text x="22" y="85" transform="rotate(-90 22 85)">{{t.site_axis_rational}}</text><text x="22" y="215" transform="rotate(-90 22 215)">{{t.site_axis_emotional}}</text></g>',
  '{{#plot}}<circle class="plot" cx="{{x}}" cy="{{y}}" r="8"/>{{/plot}}',
  '</svg>',
  '',
].join('\n');

const corner = (p) => `${p.name} are ${row(p) ? 'bottom' : 'top'} ${column(p) ? 'right' : 'left'}`;

/** For the module: with what each does and asks, in the light colours of the style (a dark page turns them, prose.css). */
export function drawing(colour) {
  const cell = (p) => ({ x: 96 + 230 * column(p), y: 56 + 240 * row(p) });
  const lines = (p, texts, from) => texts.map((text, i) => `    <text x="${cell(p).x + 16}" y="${cell(p).y + from(texts.length) + i * 21}">${text}</text>`);
  const quote = (count) => 178 - (count - 1) * 20;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 560" role="img" aria-labelledby="t d">
  <title id="t">The four personas on two axes</title>
  <desc id="d">The horizontal axis runs from technology on the left to art on the right, the vertical axis from emotional at the bottom to rational at the top. ${personas.map(corner).join(', ')}.</desc>
  <g stroke-width="2">
${personas.map((p) => `    <rect data-persona="${p.id}" x="${cell(p).x}" y="${cell(p).y}" width="218" height="198" rx="10" fill="${colour(`${p.id}-soft`)}" stroke="${colour(p.id)}"/>`).join('\n')}
  </g>
  <g stroke="${colour('ink')}" stroke-width="2" fill="${colour('ink')}">
    <path d="M104 275H536M320 52V498" fill="none"/>
    <path d="M92 275l13-6v12zM548 275l-13-6v12zM320 40l-6 13h12zM320 510l-6-13h12z" stroke="none"/>
  </g>
  <g font-family="Georgia, 'Times New Roman', serif" font-size="18" font-style="italic" fill="${colour('ink')}" text-anchor="middle">
    <text x="320" y="29">rational</text>
    <text x="320" y="536">emotional</text>
    <text x="46" y="281" font-size="17">technology</text>
    <text x="590" y="281">art</text>
  </g>
  <g font-family="Georgia, 'Times New Roman', serif" font-size="21" font-weight="bold">
${personas.map((p) => `    <text x="${cell(p).x + 16}" y="${cell(p).y + 34}" fill="${colour(p.id)}">${p.name}</text>`).join('\n')}
  </g>
  <g font-family="Helvetica, Arial, sans-serif" font-size="16" fill="${colour('ink')}">
${personas.flatMap((p) => lines(p, p.does, () => 64)).join('\n')}
  </g>
  <g font-family="Georgia, 'Times New Roman', serif" font-size="15" font-style="italic" fill="${colour('ink-2')}">
${personas.flatMap((p) => lines(p, p.asks, quote)).join('\n')}
  </g>
</svg>
`;
}
