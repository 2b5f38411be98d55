// What made this: the run, its prompt, and the cells before and after it.

let detailed = null;

function fact(name, ...value) {
  return value.some(Boolean) ? [el('dt', {}, name), el('dd', { dir: 'auto' }, value)] : [];
}

function copied(words) {
  const button = el('button', { type: 'button', class: 'copy', title: 'Copy', 'aria-label': `Copy ${words}` }, words);
  button.addEventListener('click', () => navigator.clipboard?.writeText(words).then(() => say('Copied'), () => say('The browser does not let this page copy', true)));
  return button;
}

function cellButton(cell, index = 0) {
  const media = cell.media[index] || cell.media[0];
  const shown = media && media.kind === 'picture' ? picture(media) : media && media.kind === 'film' && media.poster ? el('img', { src: media.poster, alt: '' }) : null;
  return el('button', { type: 'button', class: 'relative', on: { click: () => showDetails(cell) } },
    shown, el('span', { dir: 'auto' }, cell.name, media && media.kind === 'text' ? `: “${media.text.slice(0, 80)}”` : ''));
}

function inputParts(cell) {
  return cell.inputs.map((input) => {
    const parent = runs.get(input.run);
    let value = input.text !== null ? el('div', { class: 'prompt', dir: 'auto' }, input.text) : input.source ? bdi(input.source) : null;
    if (input.run) value = parent ? cellButton(parent, input.index) : el('span', {}, 'an output of run ', el('code', {}, input.run));
    return value ? el('div', { class: 'input' }, el('h4', { dir: 'auto' }, input.id || 'part of a text'), value) : null;
  });
}

function mediaFacts(media) {
  return [
    ...fact(media.outputId || 'Output', fileLink(media, media.name), ` · ${media.type || 'unknown'} · ${sized(media.bytes)}`),
    ...fact('Warning', media.warning),
    ...fact('Kept as', copied(media.key)),
    ...fact('SHA-256', copied(media.sha)),
  ];
}

function showDetails(cell) {
  detailed = cell;
  makeCurrent(cell, { isFocused: false });
  const dialog = $('details');
  const after = usedIn.get(cell.runId) || [];
  const inputs = inputParts(cell).filter(Boolean);
  const ordered = cell.order ? [cell.order.by ? `by ${cell.order.by}` : '', cell.order.at ? moment(cell.order.at) : ''].filter(Boolean).join(', ') : '';
  dialog.replaceChildren(
    el('header', {},
      el('h2', { id: 'details-title' }, bdi(rowName(cell.row)), ' › ', bdi(cell.name), cell.isAgainst ? ` in ${raw.against}` : ''),
      el('span', { class: `state is-${cell.state.replaceAll(' ', '-')}` }, cell.state),
      el('button', { type: 'button', class: 'close', 'aria-label': 'Close', on: { click: () => dialog.close() } }, '✕')),
    el('div', { class: 'panes' },
      el('div', { class: 'shown', tabIndex: 0, role: 'group', 'aria-label': 'Outputs' },
        cell.media.map((media) => el('figure', { class: `is-${media.kind}` }, large(media, cellLabel(cell)))),
        cell.media.length ? null : el('div', { class: 'frame is-empty' }, whyMissing(cell))),
      el('div', { class: 'told', tabIndex: 0, role: 'group', 'aria-label': 'What made it' },
        cell.media.length && cell.reason ? el('section', { class: 'newer' }, el('h3', {}, 'A newer run of it'), whyMissing(cell)) : null,
        pickControls(cell),
        inputs.length ? el('section', {}, el('h3', {}, 'Made from'), inputs) : null,
        after.length ? el('section', {}, el('h3', {}, 'Made of it'), el('div', { class: 'relatives' }, after.map((each) => cellButton(each)))) : null,
        takeForm(cell),
        el('section', {}, el('h3', {}, 'Run'), el('dl', {},
          fact('Technique', cell.technique),
          fact('Charged', usd(cell.charged), cell.price !== null && cell.price !== cell.charged ? ` (quoted ${usd(cell.price)})` : ''),
          fact('Ordered', ordered),
          fact('Made', cell.madeAt ? moment(cell.madeAt) : ''),
          fact('Run', cell.runId ? copied(cell.runId) : ''),
          fact('Earlier runs', cell.earlier ? `${cell.earlier}, with other inputs; kept in the archive` : ''),
          cell.media.map(mediaFacts))))));
  if (!dialog.open) dialog.showModal();
  dialog.querySelector('.close').focus();
}

$('details').addEventListener('close', () => {
  for (const player of $('details').querySelectorAll('video, audio')) player.pause();
  $('details').replaceChildren();
  const last = detailed;
  detailed = null;
  if (last) makeCurrent(last);
});
