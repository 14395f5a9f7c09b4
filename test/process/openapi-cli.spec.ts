import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { endServices, newFolder, runService } from '../support/service-process.js';

describe('npm run openapi', () => {
  const committed = resolve(import.meta.dirname, '../../docs/openapi.json');
  const folder = newFolder();
  const [first, second] = [join(folder, '1.json'), join(folder, '2.json')] as const;
  const run = (...args: string[]) => runService({ program: 'openapi-cli.js', args, cwd: folder });

  afterAll(endServices);

  it('writes the same document each time, and needs no database', async () => {
    const exits = await Promise.all([run(first), run(second)]);
    expect(exits).toMatchObject([{ code: 0 }, { code: 0 }]);
    const document = readFileSync(first, 'utf8');
    expect(readFileSync(second, 'utf8')).toBe(document);
    expect(JSON.parse(document)).toMatchObject({ openapi: '3.1.0', paths: { '/api/v1/skills': {} } });
  });

  it('tells a stale document from a fresh one', async () => {
    writeFileSync(second, readFileSync(first, 'utf8').replace('ooder-skill', 'another'));
    expect(await run(first, '--check')).toMatchObject({ code: 0 });
    expect(await run(second, '--check')).toMatchObject({ code: 1, output: expect.stringContaining('npm run openapi') });
  });

  it.each([['--help'], ['a.json', 'b.json']])('says how it is used, and writes nothing: %p', async (...args) => {
    expect(await run(...args)).toMatchObject({ code: 2, output: 'usage: openapi-cli FILE [--check]\n' });
    for (const name of ['--help', 'a.json', 'b.json']) expect(existsSync(join(folder, name))).toBe(false);
  });

  (existsSync(committed) ? it : it.skip)('finds the committed document fresh', async () => {
    expect(await run(committed, '--check')).toMatchObject({ code: 0 });
  });
});
