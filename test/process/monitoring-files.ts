import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const MONITORING = resolve(import.meta.dirname, '..', '..', 'docker');

export interface Rule {
  kind: 'record' | 'alert';
  name: string;
  expr: string;
  /** All of the rule, as it stands. */
  text: string;
}

interface Panel {
  id: number;
  type: string;
  title: string;
  gridPos: { x: number; y: number; w: number; h: number };
  datasource?: { uid: string };
  targets?: { expr: string; datasource: { uid: string } }[];
}

export interface Dashboard {
  uid: string;
  templating: { list: { name: string; type: string; definition?: string }[] };
  annotations: { list: { expr: string }[] };
  panels: Panel[];
}

/** A metric and the labels that an expression asks for: `=` and `=~` with a value, or only that there is such a label. */
export interface Selector {
  metric: string;
  labels: { name: string; value: string | undefined }[];
}

const KEYWORDS = new Set(['and', 'or', 'unless', 'bool', 'offset']);
const GROUPING = /\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g;
const NAME = /(?<![\w.:])[a-zA-Z_:][\w:]*/g;

export function filesIn(folder: string): string[] {
  return readdirSync(join(MONITORING, folder)).map((name) => join(MONITORING, folder, name));
}

/** The rules of a file, each of which has its expression in one line. */
export function rulesOf(text: string): Rule[] {
  return text
    .split(/^ +- (?=(?:record|alert): )/m)
    .slice(1)
    .map((rule) => {
      const [, kind, name = ''] = /^(record|alert): (\S+)$/m.exec(rule) ?? [];
      const [, expr = ''] = /^ +expr: (.+)$/m.exec(rule) ?? [];
      return { kind: kind === 'alert' ? 'alert' : 'record', name, expr, text: rule };
    });
}

export function readDashboard(): Dashboard {
  return JSON.parse(readFileSync(join(MONITORING, 'grafana/dashboards/ooder-skill.json'), 'utf8')) as Dashboard;
}

/** Every expression of the dashboard, with a value in the place of Grafana's variables. */
export function expressionsOf({ panels, annotations, templating }: Dashboard): string[] {
  const asked = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  const noted = annotations.list.map(({ expr }) => expr);
  const listed = templating.list.flatMap(
    ({ definition }) => definition?.match(/^label_values\((.+), \w+\)$/)?.[1] ?? [],
  );
  return [...asked, ...noted, ...listed].map((expr) => expr.replaceAll('$__rate_interval', '1m'));
}

/** Whatever metric an expression asks for. */
export function selectorsOf(expr: string): Selector[] {
  const selectors: Selector[] = [];
  const braces: string[] = [];
  const bare = expr
    .replace(/\{((?:[^}"]|"[^"]*")*)\}/g, (_, labels: string) => `§${braces.push(labels) - 1}`)
    .replace(/\[[^\]]*\]/g, '')
    .replace(GROUPING, ' ');
  for (const match of bare.matchAll(NAME)) {
    const rest = bare.slice(match.index + match[0].length);
    if (KEYWORDS.has(match[0]) || /^\s*\(/.test(rest)) continue;
    const index = /^§(\d+)/.exec(rest)?.[1];
    selectors.push({ metric: match[0], labels: labelsOf(index === undefined ? '' : (braces[Number(index)] ?? '')) });
  }
  return selectors;
}

function labelsOf(matchers: string): Selector['labels'] {
  return [...matchers.matchAll(/(\w+)\s*(=~|!=|!~|=)\s*"([^"]*)"/g)].map(([, name = '', operator, value]) => ({
    name,
    value: operator === '=' ? value : undefined,
  }));
}
