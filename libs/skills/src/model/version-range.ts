import semver from 'semver';

/** Selects the highest version of each name. */
export const LATEST = 'latest';

/** A condition on skills.version_key. */
export interface VersionBound {
  operator: '=' | '<' | '<=' | '>' | '>=';
  version: string;
}

/** Bounds that must hold together. */
export interface VersionBounds {
  bounds: VersionBound[];
  /** The releases whose prereleases the range names: it matches no other prereleases. */
  prereleasesOf: string[];
}

function parse(text: string): semver.Range | undefined {
  try {
    return new semver.Range(text);
  } catch {
    return undefined;
  }
}

export function isVersionRange(text: string): boolean {
  return text === LATEST || parse(text) !== undefined;
}

/** The one version that a text names with its build metadata, or undefined. Ranges know no build metadata. */
export function exactBuild(text: string): string | undefined {
  const version = semver.parse(text);
  return version && version.build.length > 0 ? `${version.version}+${version.build.join('.')}` : undefined;
}

/** Whether a version is the one that the text names, or is in its range. `latest` holds for each. */
export function matchesVersion(version: string, text: string): boolean {
  if (text === LATEST) return true;
  const exact = exactBuild(text);
  return exact === undefined ? semver.satisfies(version, text) : version === exact;
}

/**
 * A semver range as alternatives. A prerelease matches only if its alternative names a prerelease of the same release (npm's rule).
 */
export function versionBounds(text: string): VersionBounds[] {
  const alternatives = parse(text)?.set ?? [];
  return alternatives.map((comparators) => {
    // The comparator of `*` carries no version.
    const bounding = comparators.filter(({ value }) => value !== '');
    return {
      bounds: bounding.map(({ operator, semver: { version } }) => ({
        operator: operator === '' ? '=' : operator,
        version,
      })),
      prereleasesOf: bounding.flatMap(({ semver: { major, minor, patch, prerelease } }) =>
        prerelease.length > 0 ? [`${major}.${minor}.${patch}`] : [],
      ),
    };
  });
}
