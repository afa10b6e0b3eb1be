// The feerate diagram of a cluster (Bitcoin Core 31, doc/policy/mempool-design.md): how much fee
// the best first n virtual bytes pay. A replacement must improve it strictly.
//
// Linearised by taking the ancestor set of the highest feerate again and again, then merged into
// chunks. That is optimal for single transactions, for chains and for one parent with any number of
// children, which is all that payment sessions make.

export interface Weighed {
  readonly id: string;
  /** Satoshi. */
  readonly fee: number;
  readonly vsize: number;
  /** Ids of parents within the same set. */
  readonly parents: readonly string[];
}

export interface Chunk {
  readonly ids: readonly string[];
  readonly fee: number;
  readonly vsize: number;
}

/** Chunks of a set of transactions, the best feerate first. */
export function chunksOf(set: readonly Weighed[]): Chunk[] {
  const left = new Map(set.map((each) => [each.id, each]));
  const order: Chunk[] = [];
  while (left.size > 0) {
    let best: Chunk | undefined;
    for (const each of left.values()) {
      const group = closure(each, left);
      const chunk = sum(group);
      if (!best || better(chunk, best)) best = chunk;
    }
    if (!best) break;
    for (const id of best.ids) left.delete(id);
    order.push(best);
  }
  return merge(order);
}

/** Does the diagram of `after` lie nowhere below that of `before`, and somewhere above? */
export function improves(before: readonly Weighed[], after: readonly Weighed[]): boolean {
  const old = corners(before);
  const now = corners(after);
  const sizes = new Set([...old, ...now].map((point) => point.vsize));
  let above = false;
  for (const size of sizes) {
    const difference = feeAt(now, size) - feeAt(old, size);
    if (difference < -1e-9) return false;
    if (difference > 1e-9) above = true;
  }
  return above;
}

function closure(each: Weighed, left: ReadonlyMap<string, Weighed>): Weighed[] {
  const found = new Map<string, Weighed>();
  const walk = (one: Weighed): void => {
    for (const id of one.parents) {
      const parent = left.get(id);
      if (parent && !found.has(id)) walk(parent);
    }
    found.set(one.id, one);
  };
  walk(each);
  return [...found.values()];
}

function sum(group: readonly Weighed[]): Chunk {
  return {
    ids: group.map((each) => each.id),
    fee: group.reduce((total, each) => total + each.fee, 0),
    vsize: group.reduce((total, each) => total + each.vsize, 0),
  };
}

function better(a: Chunk, b: Chunk): boolean {
  return a.fee * b.vsize > b.fee * a.vsize;
}

function merge(order: readonly Chunk[]): Chunk[] {
  const chunks: Chunk[] = [];
  for (const next of order) {
    let chunk = next;
    for (let last = chunks.at(-1); last && better(chunk, last); last = chunks.at(-1)) {
      chunks.pop();
      chunk = { ids: [...last.ids, ...chunk.ids], fee: last.fee + chunk.fee, vsize: last.vsize + chunk.vsize };
    }
    chunks.push(chunk);
  }
  return chunks;
}

interface Corner {
  readonly vsize: number;
  readonly fee: number;
}

function corners(set: readonly Weighed[]): Corner[] {
  const points: Corner[] = [{ vsize: 0, fee: 0 }];
  for (const chunk of chunksOf(set)) {
    const last = points[points.length - 1] as Corner;
    points.push({ vsize: last.vsize + chunk.vsize, fee: last.fee + chunk.fee });
  }
  return points;
}

/** Straight between corners, level after the last. */
function feeAt(points: readonly Corner[], size: number): number {
  let before = points[0] as Corner;
  for (const point of points) {
    if (point.vsize >= size) {
      if (point.vsize === before.vsize) return point.fee;
      return before.fee + ((point.fee - before.fee) * (size - before.vsize)) / (point.vsize - before.vsize);
    }
    before = point;
  }
  return before.fee;
}
