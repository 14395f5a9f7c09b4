import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { endServices, newFolder, runService } from '../support/service-process.js';

describe('npm run openapi', () => {
  const committed = resolve(import.meta.dirname, '../../docs/openapi.json');
  const folder = newFolder();
  const [written, stale] = [join(folder, '1.json'), join(folder, '2.json')] as const;
  const run = (...args: string[]) => runService({ program: 'openapi-cli.js', args, cwd: folder });

  afterAll(endServices);

  it('writes the document that is committed, needs no database, and tells a stale one', async () => {
    const text = readFileSync(committed, 'utf8');
    writeFileSync(stale, text.replace('ooder-skill', 'another'));
    const [exit, fresh, other] = await Promise.all([run(written), run(committed, '--check'), run(stale, '--check')]);
    expect(exit).toMatchObject({ code: 0 });
    expect(readFileSync(written, 'utf8')).toBe(text);
    expect(fresh).toMatchObject({ code: 0 });
    expect(other).toMatchObject({ code: 1, output: expect.stringContaining('npm run openapi') });
  });

  it('says how it is used, and writes nothing', async () => {
    const exits = await Promise.all([run('--help'), run('a.json', 'b.json')]);
    for (const exit of exits) expect(exit).toMatchObject({ code: 2, output: 'usage: openapi-cli FILE [--check]\n' });
    for (const name of ['--help', 'a.json', 'b.json']) expect(existsSync(join(folder, name))).toBe(false);
  });
});
