// What FLORA's own client does with the sandbox, as one JSON object on standard output.
import http from 'node:http';
import FLORA from '@flora-ai/flora';

const [baseURL, secret] = process.argv.slice(2);
const flora = new FLORA({ apiKey: 'sk_test_sdk', baseURL, maxRetries: 0 });
const deliveries = [];
const receiver = http.createServer((request, response) => {
  let body = '';
  request.on('data', (chunk) => (body += chunk));
  request.on('end', () => { deliveries.push([body, request.headers]); response.end(); });
});
await new Promise((ready) => receiver.listen(0, '127.0.0.1', ready));

const pause = () => new Promise((resume) => setTimeout(resume, 100));
const counted = async (pages) => { let count = 0; for await (const _ of pages) count++; return count; };
const errorOf = async (call) => { try { await call(); return 'none'; } catch (error) { return error.constructor.name; } };

const { workspace_id } = (await flora.workspaces.list()).workspaces[0];
const { project_id } = (await flora.projects.list({ workspace_id })).projects[0];
const brief = (text, options) =>
  flora.runs.startTechnique({ technique_id: 'tech_headlines01', workspace_id, inputs: { brief: text } }, options);
const withFault = (fault) => ({ headers: { 'X-Sandbox-Fault': fault } });

const techniques = await counted(flora.techniques.list({ limit: 5 }));
const definition = await flora.techniques.retrieve('key-visual');
let run = await flora.techniques.runs.create('key-visual', {
  inputs: [{ id: 'prompt', type: 'text', value: 'A red barn' }],
  mode: 'async',
  callback_url: `http://127.0.0.1:${receiver.address().port}/hook`,
});
while (!['completed', 'failed'].includes(run.status)) {
  await pause();
  run = await flora.techniques.runs.retrieve(run.run_id, { techniqueId: 'key-visual' });
}
for (let number = 0; number < 6; number++) await brief(`Brief ${number}`);
const history = await counted(flora.techniques.runs.list({ limit: 3 }));

const picture = Buffer.from(await (await fetch(run.outputs[0].url)).arrayBuffer());
const small = await flora.assets.upload(picture, { workspace_id, file_name: 'small.png' });
const padded = Buffer.concat([picture, Buffer.alloc(12 * 1024 * 1024)]);
const large = await flora.assets.upload(padded, { workspace_id, file_name: 'large.png' });
const generation = await flora.generations.create({ type: 'text', prompt: 'A haiku', workspace_id, project_id });

const key = { headers: { 'Idempotency-Key': 'k' } };
await brief('Keyed', key);
const errors = {
  400: await errorOf(() => brief('')),
  401: await errorOf(() => new FLORA({ apiKey: 'wrong', baseURL, maxRetries: 0 }).models.list()),
  403: await errorOf(() => flora.techniques.list({ workspace_id: 'ws_of_others' })),
  404: await errorOf(() => flora.techniques.retrieve('no-such-technique')),
  409: await errorOf(() => brief('Keyed', key)),
  429: await errorOf(() => flora.models.list({}, withFault('rate_limited'))),
  500: await errorOf(() => flora.models.list({}, withFault('server_error'))),
};
await fetch(baseURL.replace('/api/v1', '/_sandbox/balances'), {
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: '{"balance_usd": 0}',
});
errors[402] = await errorOf(() => brief('Unpaid'));

while (!deliveries.length) await pause();
const [body, headers] = deliveries[0];
const event = await flora.webhooks.unwrap(body, headers, secret);
const tampered = await errorOf(() => flora.webhooks.unwrap(`${body} `, headers, secret));
receiver.close();

console.log(JSON.stringify({
  techniques, history, errors, tampered,
  definition: definition.technique_id,
  run: run.status,
  told: event.data.run_id === run.run_id,
  small: small.status,
  large: [large.status, large.size_bytes - picture.length],
  generation: generation.type,
}));
