// Another take of a cell: its price first, then its order; without a server, the command that does the same.

const quotedWord = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`);

function takeCommand({ row, cell, more, params }) {
  const texts = Object.entries(params).flatMap(([id, words]) => ['--param', `${id}=${words}`]);
  const words = ['florist', 'take', raw.campaign, row, cell, ...(more > 1 ? ['--more', String(more)] : []), ...texts, '--archive', raw.archive];
  return words.map(quotedWord).join(' ');
}

async function askForTakes(body) {
  try {
    const answer = await fetch(raw.review.takes, {
      method: 'POST', credentials: 'same-origin', body: JSON.stringify(body),
      headers: { 'Content-Type': 'application/json', 'X-Florist-Review': '1' },
    });
    const told = await answer.json().catch(() => ({}));
    return answer.ok || answer.status === 409 ? told : { problem: told.problem || `The server refuses it (${answer.status})`, command: told.command };
  } catch {
    return { problem: `The server does not answer.${body.confirm_usd ? ' Reload the page to see whether it was ordered.' : ''}` };
  }
}

const isCutText = (words) => [...words].length > raw.longest;

function takeForm(cell) {
  if (cell.isAgainst || cell.state === 'awaits pick') return null;
  const number = el('input', { type: 'number', min: 1, max: raw.mostVariations, value: 1, 'aria-label': 'How many more' });
  const areas = cell.inputs.filter((input) => input.id && input.text !== null && !input.run).map((input) => {
    const own = isCutText(input.text) ? '' : input.text;
    return { id: input.id, own, area: el('textarea', { value: own, rows: 3, dir: 'auto', 'aria-label': `With this ${input.id}`, placeholder: own ? '' : 'as it was' }) };
  });
  const place = el('div', { class: 'take-answer', role: 'status' });
  // What is left as it is, is not sent: it is the cell's own, whatever that was made of.
  const asked = () => ({
    row: cell.row.key, cell: cell.name, more: Math.max(1, Math.floor(Number(number.value)) || 1),
    params: Object.fromEntries(areas.filter(({ area, own }) => area.value !== own).map(({ id, area }) => [id, area.value])),
  });
  const showCommand = () => place.replaceChildren(
    el('p', {}, isServed ? 'This server has no key of FLORA’s, so it knows no prices. ' : '', 'This command shows the price, and asks:'), copied(takeCommand(asked())));
  const price = el('button', { type: 'button', on: { click: () => send(asked(), { confirm_usd: null }) } }, 'Show the price');
  const isOrderedHere = isServed && raw.review.takes;
  const section = el('section', { class: 'take' }, el('h3', {}, 'Another take'),
    areas.map(({ id, area }) => el('label', {}, el('span', { dir: 'auto' }, `With this ${id}`), area)),
    el('div', { class: 'take-ask' }, el('label', {}, 'Make ', number, ' more'), isOrderedHere ? price : null), place);

  async function send(body, agreed) {
    section.inert = true;
    const told = await askForTakes({ ...body, ...agreed });
    section.inert = false;
    answer(body, told);
  }

  function answer(body, told) {
    const parts = [told.problem ? el('p', { class: 'is-bad', dir: 'auto' }, told.problem) : null, told.command ? copied(told.command) : null];
    if (told.ordered) {
      parts.push(el('p', {}, el('b', {}, 'Ordered: '), bdi(told.cells.join(', ')), '. Nothing is paid yet: this shows the price of all that is to be made, and makes it.'),
        copied(`florist continue ${quotedWord(raw.campaign)} --archive ${quotedWord(raw.archive)}`),
        el('p', {}, 'In Prefect, the deployment ', el('code', {}, 'continue-campaign'), ' does.'),
        el('button', { type: 'button', on: { click: () => location.reload() } }, 'Show it in the sheet'));
    } else if (told.cells) {
      const order = el('button', { type: 'button', class: 'is-main' }, `Order for ${usd(told.price_usd)}`);
      order.addEventListener('click', () => send(body, { confirm_usd: told.price_usd, cells: told.cells }));
      parts.push(...told.remarks.map((words) => el('p', { dir: 'auto' }, words)));
      parts.push(el('p', { dir: 'auto' }, bdi(told.cells.join(', ')), `: ${told.price}${told.is_sandbox ? ', of a sandbox' : ''}`),
        el('details', {}, el('summary', {}, 'The plan'), el('pre', { dir: 'auto', tabIndex: 0 }, told.told.join('\n'))), order);
    }
    place.replaceChildren(...parts.filter(Boolean));
    place.querySelector('.is-main')?.focus();
  }

  // An answer is of what was asked, not of what stands there now.
  section.addEventListener('input', () => (isOrderedHere ? place.replaceChildren() : showCommand()));
  if (!isOrderedHere) showCommand();
  return section;
}
