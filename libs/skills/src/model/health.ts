/** How an endpoint or a Skill is doing (AI Bridge v0.6.0, data model: skill_status.health). */
export const HEALTHS = ['healthy', 'unhealthy', 'warning'] as const;
export type Health = (typeof HEALTHS)[number];
