import { ChangeLog } from './change-log.js';

describe('ChangeLog', () => {
  it('tells what has changed since: the Skill, and every list', () => {
    const log = new ChangeLog();
    const before = log.now;
    expect([log.isUnchanged(before, 'a'), log.isUnchanged(before)]).toEqual([true, true]);
    log.changed(['a']);
    expect([log.isUnchanged(before, 'a'), log.isUnchanged(before, 'b'), log.isUnchanged(before)]).toEqual([
      false,
      true,
      false,
    ]);
    const after = log.now;
    expect([log.isUnchanged(after, 'a'), log.isUnchanged(after)]).toEqual([true, true]);
  });

  it('can leave lists for later', () => {
    const log = new ChangeLog();
    const before = log.now;
    log.changedAlone(['a']);
    expect([log.isUnchanged(before, 'a'), log.isUnchanged(before)]).toEqual([false, true]);
    const between = log.now;
    log.listsChanged();
    expect([log.isUnchanged(between, 'a'), log.isUnchanged(between)]).toEqual([true, false]);
  });

  it('can say that everything has changed', () => {
    const log = new ChangeLog();
    const before = log.now;
    log.allChanged();
    expect([log.isUnchanged(before, 'b'), log.isUnchanged(before)]).toEqual([false, false]);
    expect([log.isUnchanged(log.now, 'b'), log.isUnchanged(log.now)]).toEqual([true, true]);
  });

  it('takes for changed what it has forgotten', () => {
    const log = new ChangeLog(2);
    const before = log.now;
    log.changed(['a']);
    const between = log.now;
    log.changed(['b', 'c']);
    expect(log.isUnchanged(before, 'z')).toBe(false);
    expect([log.isUnchanged(between, 'z'), log.isUnchanged(between, 'a'), log.isUnchanged(between, 'b')]).toEqual([
      true,
      true,
      false,
    ]);
  });
});
