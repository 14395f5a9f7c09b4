/**
 * Free text search in PostgreSQL without an extension: the service cuts texts into terms and PostgreSQL indexes, matches
 * and ranks them (docs/adr/0006). Words are terms; runs of Chinese, Japanese and Korean characters, which have no spaces,
 * become overlapping pairs.
 */
const RUN = /[\p{L}\p{N}][\p{L}\p{N}\p{M}]*/gu;
const CJK = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]+/gu;
const HUMP = /(?<=[\p{Ll}\p{N}])(?=\p{Lu})/u;

/** Longer words are cut: a lexeme may have at most 2046 bytes. */
const MAX_TERM = 64;
/** PostgreSQL counts positions up to 16383; what comes later in a long text is not indexed. */
const MAX_POSITION = 16_000;
/** Bytes of all terms; PostgreSQL's limit for a document is 1 MiB, with some bytes for each term. */
const MAX_BYTES = 256 * 1024;
const MAX_QUERY_TERMS = 16;

interface Term {
  text: string;
  /** A run of CJK characters. */
  cjk: boolean;
}

const ASCII = /^[\0-\x7f]*$/;
const ASCII_RUN = /[A-Za-z0-9]+/g;
const ASCII_HUMP = /(?<=[a-z0-9])(?=[A-Z])/;
const ASCII_CAPITAL = /[A-Z]/;

/** The words and CJK runs of a text, in order, in lower case; `getForecast` also counts as `get` and `forecast`. */
export function searchTerms(text: string): Term[] {
  return ASCII.test(text) ? asciiTerms(text) : unicodeTerms(text);
}

/** The same as `unicodeTerms`, for most texts, at a fraction of the cost. */
export function asciiTerms(text: string): Term[] {
  const terms: Term[] = [];
  const add = (word: string): void => {
    terms.push({ text: word.toLowerCase().slice(0, MAX_TERM), cjk: false });
  };
  for (const run of text.match(ASCII_RUN) ?? []) {
    add(run);
    const parts = ASCII_CAPITAL.test(run) ? run.split(ASCII_HUMP) : [];
    if (parts.length > 1) parts.forEach(add);
  }
  return terms;
}

export function unicodeTerms(text: string): Term[] {
  return (text.normalize('NFKC').match(RUN) ?? []).flatMap((run) => {
    const terms: Term[] = [];
    let end = 0;
    for (const match of run.matchAll(CJK)) {
      terms.push(...words(run.slice(end, match.index)), { text: match[0], cjk: true });
      end = match.index + match[0].length;
    }
    return [...terms, ...words(run.slice(end))];
  });
}

function words(run: string): Term[] {
  if (run === '') return [];
  const parts = run.split(HUMP);
  return (parts.length > 1 ? [run, ...parts] : [run]).map((word) => ({
    text: Array.from(word.toLowerCase()).slice(0, MAX_TERM).join(''),
    cjk: false,
  }));
}

/** 天气预报 → 天气, 气预, 预报, 报: the last character stands alone, so that each can be found as a beginning. */
function pairs(run: string): string[] {
  const characters = Array.from(run);
  return characters.map((character, index) => character + (characters[index + 1] ?? ''));
}

/** The texts that the search covers. `A` has the highest weight (PostgreSQL documentation, 12.3.3). */
export interface SearchableSkill {
  name: string;
  description: string;
  capabilities: readonly { name: string; description: string; category: string | null }[];
}

/** The tsvector of a Skill, as PostgreSQL's text form. */
export function searchDocument(skill: SearchableSkill): string {
  const entries: string[] = [];
  let position = 0;
  let bytes = 0;
  const add = (text: string, weight: 'A' | 'B' | 'C' | 'D'): void => {
    const addLexeme = (lexeme: string): void => {
      position += 1;
      bytes += Buffer.byteLength(lexeme);
      if (position <= MAX_POSITION && bytes <= MAX_BYTES) entries.push(`'${lexeme}':${position}${weight}`);
    };
    for (const { text: term, cjk } of searchTerms(text)) {
      if (cjk) pairs(term).forEach(addLexeme);
      else addLexeme(term);
    }
    // A gap, so that no phrase reaches from one text into the next.
    position += 2;
  };
  add(skill.name, 'A');
  for (const { name } of skill.capabilities) add(name, 'B');
  for (const { category } of skill.capabilities) if (category !== null) add(category, 'C');
  add(skill.description, 'C');
  for (const { description } of skill.capabilities) add(description, 'D');
  return entries.join(' ');
}

/** The tsquery of a search: every term must occur, words and the last CJK character as a beginning. */
export function searchQuery(text: string): string {
  return searchTerms(text)
    .slice(0, MAX_QUERY_TERMS)
    .map(({ text: term, cjk }) => {
      if (!cjk) return `'${term}':*`;
      const characters = Array.from(term).slice(0, MAX_TERM);
      if (characters.length === 1) return `'${term}':*`;
      return `(${characters
        .slice(0, -1)
        .map((character, index) => `'${character}${characters[index + 1] ?? ''}'`)
        .join(' <-> ')})`;
    })
    .join(' & ');
}
