/** What the owner of a deprecated Skill says of it. */
export interface DeprecationNotice {
  message?: string;
  replaced_by?: string;
  sunset?: string;
}

/** As stored. */
export interface Deprecation extends DeprecationNotice {
  /** ISO 8601. */
  since: string;
}
