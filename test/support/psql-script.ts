import pg from 'pg';

/**
 * Runs a script for psql, as `psql -v NAME=VALUE -f` does, as far as ours need it: statements that end with a line,
 * comments of whole lines, `\set`, `\gexec` and `\gset`, and variables as :name, :'name' and :"name".
 */
export async function runPsqlScript(url: string, script: string, variables: Record<string, string>): Promise<void> {
  const values = new Map(Object.entries(variables));
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const { text, command } of statementsOf(script)) {
      const { rows } = await client.query<Record<string, string>>(interpolated(text, values));
      if (command === 'gexec') for (const row of rows) for (const made of Object.values(row)) await client.query(made);
      if (command === 'gset') {
        if (rows.length !== 1) throw new Error(`\\gset of ${rows.length} rows: ${text}`);
        for (const [name, value] of Object.entries(rows[0] ?? {})) values.set(name, value);
      }
    }
  } finally {
    await client.end();
  }
}

function statementsOf(script: string): { text: string; command: string | undefined }[] {
  const code = script
    .split('\n')
    .filter((line) => !line.startsWith('--') && !line.startsWith('\\set '))
    .join('\n');
  const statements = [...code.matchAll(/\s*([^]+?)(?:;| \\(gexec|gset))(?:\n|$)/g)];
  return statements.map(([, text = '', command]) => ({ text, command }));
}

function interpolated(text: string, values: ReadonlyMap<string, string>): string {
  return text.replace(/(?<!:):(['"]?)(\w+)\1/g, (_, quote: string, name: string) => {
    const value = values.get(name);
    if (value === undefined) throw new Error(`The script needs the variable ${name}`);
    if (quote === '') return value;
    return quote === '"' ? pg.escapeIdentifier(value) : pg.escapeLiteral(value);
  });
}
