/** A value that counts each look at a part of it, and the function that tells how many there were. */
export function counted<T extends object>(value: T): { value: T; steps: () => number } {
  let steps = 0;
  const wrappers = new WeakMap<object, object>();
  const wrap = (item: unknown): unknown => {
    if (typeof item !== 'object' || item === null) return item;
    const known = wrappers.get(item);
    if (known) return known;
    const wrapped = new Proxy(item, {
      get: (target, key) => {
        steps += 1;
        return wrap(Reflect.get(target, key));
      },
      getOwnPropertyDescriptor: (target, key) => {
        steps += 1;
        return Reflect.getOwnPropertyDescriptor(target, key);
      },
    });
    wrappers.set(item, wrapped);
    return wrapped;
  };
  return { value: wrap(value) as T, steps: () => steps };
}
