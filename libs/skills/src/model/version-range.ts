import { Range } from 'semver';

/** A condition on skills.version_key. */
export interface VersionBound {
  operator: '=' | '<' | '<=' | '>' | '>=';
  key: readonly number[];
}

function parse(text: string): Range | undefined {
  try {
    return new Range(text);
  } catch {
    return undefined;
  }
}

export function isVersionRange(text: string): boolean {
  return parse(text) !== undefined;
}

/**
 * A semver range as alternatives of bounds that must hold together. Skills have no pre-releases, so a bound at one
 * (npm writes `^1.2` as `>=1.2.0 <2.0.0-0`) lies just under its release.
 */
export function versionBounds(text: string): VersionBound[][] {
  const alternatives = parse(text)?.set ?? [];
  return alternatives.map((comparators) =>
    comparators.flatMap(({ operator, semver, value }): VersionBound[] => {
      // The comparator of `*` carries no version.
      if (value === '') return [];
      const key = [semver.major, semver.minor, semver.patch];
      if (semver.prerelease.length > 0) {
        if (operator === '' || operator === '=') return [{ operator: '<', key: [0, 0, 0] }];
        return [{ operator: operator.startsWith('<') ? '<' : '>=', key }];
      }
      return [{ operator: operator === '' ? '=' : operator, key }];
    }),
  );
}
