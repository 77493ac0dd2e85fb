interface StatementJson {
  readonly [element: string]: unknown;
}

/** Returns the text of an equal policy: splits and shuffles statements and lists, changes case, Sids and encoding. */
export function rewriteEquivalently(policy: { readonly Statement: unknown }, seed: number): string {
  const random = makeRandom(seed);
  const statements = listOf(policy.Statement).flatMap((statement) =>
    isStatement(statement) ? splitStatement(statement, random) : [],
  );
  const rewritten = shuffle(statements, random).map((statement, index) => respell(statement, index, random));
  const doubled = rewritten.length > 0 && random() < 0.3 ? [...rewritten, rewritten[0]] : rewritten;
  const text = JSON.stringify({
    ...policy,
    Statement: doubled.length === 1 && random() < 0.5 ? doubled[0] : doubled,
  });
  return random() < 0.2 ? encodeURIComponent(text) : text;
}

/** Returns a generator of numbers from 0 to 1 that depend on the seed alone (mulberry32). */
function makeRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

function shuffle<Item>(items: readonly Item[], random: () => number): Item[] {
  return items
    .map((item) => ({ item, place: random() }))
    .sort((one, other) => one.place - other.place)
    .map(({ item }) => item);
}

function isStatement(json: unknown): json is StatementJson {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

/** Splits the actions or the resources of a statement into two statements, if it lists several. */
function splitStatement(statement: StatementJson, random: () => number): StatementJson[] {
  for (const element of shuffle(["Action", "Resource"], random)) {
    const entries = listOf(statement[element]);
    if (statement[element] === undefined || entries.length < 2 || random() < 0.4) continue;
    const at = 1 + Math.floor(random() * (entries.length - 1));
    return [entries.slice(0, at), entries.slice(at)].map((part) => ({ ...statement, [element]: part }));
  }
  return [statement];
}

function respell(statement: StatementJson, index: number, random: () => number): StatementJson {
  const spelled = Object.entries(statement).map(([element, value]) => {
    if (element === "Condition" && isStatement(value))
      return [element, respellCondition(value, random)] as const;
    if (element.endsWith("Principal") || !Array.isArray(value))
      return [element, respellText(element, value, random)] as const;
    const texts = shuffle(value, random).map((one) => respellText(element, one, random));
    return [element, texts.length === 1 && random() < 0.5 ? texts[0] : texts] as const;
  });
  const sid = random() < 0.5 ? { Sid: random() < 0.3 ? "" : `S${index}` } : {};
  return { ...Object.fromEntries(shuffle(spelled, random)), ...sid };
}

function respellText(element: string, value: unknown, random: () => number): unknown {
  if (!element.endsWith("Action") || typeof value !== "string") return value;
  return random() < 0.5 ? value.toUpperCase() : value;
}

/** Changes the case of keys and operators, shuffles lists of values, and writes a single value as a list. */
function respellCondition(condition: StatementJson, random: () => number): StatementJson {
  const operators = Object.entries(condition).map(([operator, keys]) => {
    if (!isStatement(keys)) return [operator, keys] as const;
    const entries = Object.entries(keys).map(([key, values]) => {
      // Two keys that differ in case only would become one.
      const name = random() < 0.3 && Object.keys(keys).length === 1 ? key.toUpperCase() : key;
      return [name, Array.isArray(values) ? shuffle(values, random) : [values]] as const;
    });
    return [random() < 0.2 ? operator.toUpperCase() : operator, Object.fromEntries(entries)] as const;
  });
  return Object.fromEntries(shuffle(operators, random));
}
