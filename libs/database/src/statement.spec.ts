import { describeStatement } from './statement.js';

describe('describeStatement', () => {
  it.each([
    ['SELECT s.id FROM skills s WHERE s.id = $1', 'SELECT skills'],
    ['INSERT INTO "audit_entries" (id) VALUES ($1)', 'INSERT audit_entries'],
    ['update only leases SET a = $1', 'UPDATE leases'],
    ['DELETE FROM channels WHERE id = ANY($1)', 'DELETE channels'],
    ['WITH due AS (SELECT id FROM callbacks) SELECT 1', 'WITH callbacks'],
    ['SELECT extract(epoch FROM now()), s.id FROM skills s', 'SELECT skills'],
    ['COMMIT', 'COMMIT'],
    ['', 'QUERY'],
  ])('names %p', (text, summary) => {
    expect(describeStatement(text).summary).toBe(summary);
    expect(describeStatement(text).attributes).toMatchObject({ 'db.query.summary': summary });
  });

  it.each([
    ["SELECT * FROM t WHERE a = 'it''s secret' AND b = $1", 'SELECT * FROM t WHERE a = ? AND b = $1'],
    ["SELECT 'cut off in the mid", 'SELECT ?'],
    ['SELECT $$secret$$, $x$ a secret $$ more $x$', 'SELECT ?, ?'],
    ['SELECT 12, 1.5, $12, t1."c2", x2 FROM t LIMIT 10', 'SELECT ?, ?, $12, t1."c2", x2 FROM t LIMIT ?'],
    ['SELECT\n   a,\n\tb', 'SELECT a, b'],
  ])('tells no value of %p', (text, told) => {
    expect(describeStatement(text).attributes['db.query.text']).toBe(told);
  });

  it('tells no more than the beginning of a long one, cut within a value as well', () => {
    const text = `SELECT ${'a, '.repeat(650)}'${'secret'.repeat(1_000)}'`;
    const told = String(describeStatement(text).attributes['db.query.text']);
    expect(told.length).toBeLessThanOrEqual(2_048);
    expect(told).not.toContain('secret');
  });
});
