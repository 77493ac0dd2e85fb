import fc from "fast-check";
import { assertAgreement } from "./agreement.ts";
import { drawMutation, drawPolicy, drawRequest, type Kind } from "./grammar.ts";

// Usage: node test/policy/soak.ts 1000000 [seed]
const runs = Number(process.argv[2] ?? 100_000);
const seed = Number(process.argv[3] ?? Date.now() & 0x7fffffff);
const kinds: readonly Kind[] = [
  { trust: false, variables: false },
  { trust: true, variables: false },
  { trust: false, variables: true },
];

const relations = new Map<string, number>();
const reasons = new Map<string, number>();
const began = performance.now();
console.log(`${runs} pairs, seed ${seed}`);
for (const kind of kinds) {
  const pair = fc.tuple(drawPolicy(kind), fc.array(drawMutation(kind), { maxLength: 3 }));
  fc.assert(
    fc.property(
      pair,
      fc.array(drawRequest(kind), { minLength: 4, maxLength: 12 }),
      ([policy, changes], requests) => {
        const changed = changes.reduce((current, change) => change(current), policy);
        const { relation, undecided } = assertAgreement(
          JSON.stringify(changed),
          JSON.stringify(policy),
          requests,
        );
        relations.set(relation, (relations.get(relation) ?? 0) + 1);
        for (const { code, message } of undecided) {
          const text = `${code}: ${message}`;
          reasons.set(text, (reasons.get(text) ?? 0) + 1);
        }
      },
    ),
    { numRuns: Math.ceil(runs / kinds.length), seed },
  );
}
console.log(`${((performance.now() - began) / 1000).toFixed(1)} s`, Object.fromEntries(relations));
for (const [reason, count] of [...reasons].sort(([, one], [, other]) => other - one))
  console.log(count, reason);
