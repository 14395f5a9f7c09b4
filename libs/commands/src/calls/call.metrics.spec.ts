import { MetricsService } from '#metrics';
import { OperationsSettings } from '#config';
import type { CapableTarget } from '../targets/target.js';
import { CallMetrics } from './call.metrics.js';

describe('names of Skills in metrics', () => {
  const textOf = (skillNames: OperationsSettings['skillNames'], targets: [name: string, spaceId: string | null][]) => {
    const metrics = new MetricsService();
    const calls = new CallMetrics(metrics, { skillNames });
    for (const [name, spaceId] of targets) {
      const target = { skillName: name, spaceId, capability: { name: `can-${name}` } } as CapableTarget;
      calls.finished(target, 'completed', 1);
    }
    return metrics.render();
  };

  it.each([
    ['open', ['"open-one"', '"can-open-one"', '"in a Space"'], 'private'],
    ['all', ['"open-one"', '"private-one"', '"can-private-one"'], 'in a Space'],
    ['none', ['"hidden"'], '-one'],
  ] as const)('with "%s"', async (skillNames, told, untold) => {
    const text = await textOf(skillNames, [
      ['open-one', null],
      ['private-one', 'building-7'],
    ]);
    for (const name of told) expect(text).toContain(name);
    expect(text).not.toContain(untold);
    expect(text).not.toContain('building-7');
  });

  it('are bounded, however many there are', async () => {
    const text = await textOf(
      'all',
      Array.from({ length: 2_000 }, (_, number) => [`skill-${number}`, number % 2 === 0 ? null : 'space']),
    );
    expect(text.match(/^command_skill_executions_total\{/gm)?.length).toBe(201);
    expect(text).toContain('skill="other"');
  });
});
