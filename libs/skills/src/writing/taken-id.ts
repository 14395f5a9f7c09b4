import { RetryTransaction, violatesUnique } from '#database';

/**
 * Runs a statement that inserts Skills, after a look whether their ids are taken. Another transaction that took one since
 * makes it fail; the next attempt will see that.
 */
export async function insertingSkills<T>(insert: () => Promise<T>): Promise<T> {
  try {
    return await insert();
  } catch (error) {
    if (violatesUnique(error, 'pk_skills')) throw new RetryTransaction(error);
    throw error;
  }
}
