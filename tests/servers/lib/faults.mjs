// SPDX-License-Identifier: Apache-2.0
// Which fault does a request meet? Rules that a test queued come first, in order, each used up after `times` matching
// requests; then, where a seeded random plan is set, its dice. The same seed and requests give the same faults.

/** Every fault, with what it does to a request; `upstream` ones let the server act before the client sees the fault. */
export const faults = {
  'rst-before': 'the connection is reset, the server sees nothing',
  'rst-after': 'the server answers, the connection is reset instead',
  close: 'the connection is closed without an answer, the server sees nothing',
  silent: 'no answer at all, the server sees nothing',
  'error-after': 'the server acts, the client gets 500 with an OperationOutcome',
  status:
    'the client gets `status` with `headers` and `body` (default: an OperationOutcome), the server sees nothing',
  truncate: 'the server acts, half of its answer arrives',
  'half-headers': 'the server acts, half of the headers arrive',
  'empty-200': 'the server acts, the client gets 200 without a body',
  login: 'the client gets 200 and an HTML login page, the server sees nothing',
  huge: 'the server acts, the client gets a body of `bytes` bytes',
  drip: 'the server acts, the answer arrives `bytes` bytes a second',
  delay: 'the server acts, the answer arrives after `ms` milliseconds',
  alter:
    'the server acts; `members` of the answer (or of each resource in its Bundle) and `headers` are replaced, null removes',
  zombie: 'the connection is reset, the server gets the request `ms` milliseconds later',
  redirect: 'the client gets `status` (default 301) with a Location on the canary, `scheme` http or https',
};

const randomKinds = [
  'rst-before',
  'rst-after',
  'error-after',
  'status',
  'truncate',
  'half-headers',
  'empty-200',
  'delay',
  'zombie',
];

/** A small generator of even numbers in [0, 1) from a 32-bit seed (mulberry32). */
function seededRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

function requireKnown(kind) {
  if (!(kind in faults)) throw new Error(`unknown fault ${kind}; known: ${Object.keys(faults).join(', ')}`);
}

export class FaultPlan {
  constructor() {
    this.rules = [];
    this.random = undefined;
    /** How many requests met each fault; `pass` is the others. */
    this.met = { pass: 0 };
  }

  /**
   * Replaces the queued rules and the random plan. A rule is `{fault, times?, method?, path?, ...parameters}`: `path` is
   * a regular expression, `times` is 1 where absent. A random plan is `{rate, seed, kinds?, method?, path?}`.
   */
  set({ rules = [], random = undefined }) {
    for (const rule of rules) requireKnown(rule.fault);
    for (const kind of random?.kinds ?? []) requireKnown(kind);
    this.rules = rules.map((rule) => ({ times: 1, ...rule }));
    this.random = random && { kinds: randomKinds, ...random, next: seededRandom(random.seed) };
  }

  /** The rule for a request, counted; `{fault: 'pass'}` where there is none. */
  next(method, path) {
    const matches = (plan) =>
      (!plan.method || plan.method === method) && (!plan.path || new RegExp(plan.path).test(path));
    const rule = this.rules.find((candidate) => candidate.times > 0 && matches(candidate));
    const chosen = rule ?? this.roll(matches) ?? { fault: 'pass' };
    if (rule) rule.times -= 1;
    this.met[chosen.fault] = (this.met[chosen.fault] ?? 0) + 1;
    return chosen;
  }

  roll(matches) {
    if (!this.random || !matches(this.random) || this.random.next() >= this.random.rate) return undefined;
    const fault = this.random.kinds[Math.floor(this.random.next() * this.random.kinds.length)];
    const retryable = { status: 503, headers: { 'retry-after': '0' } };
    return { fault, ms: Math.floor(20 + this.random.next() * 250), ...(fault === 'status' ? retryable : {}) };
  }
}
