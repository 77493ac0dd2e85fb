import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { comparePolicies } from "@drift-guard/policy/compare";
import fc from "fast-check";
import { allow, deny, policy } from "./builders.ts";

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** Compares. With `HOSTILE_TIMES=1`, prints the relation, time and memory of each case. */
function compare(name: string, candidate: string, reference: string) {
  const began = process.cpuUsage();
  const comparison = comparePolicies(candidate, reference);
  if (process.env.HOSTILE_TIMES) {
    const { user } = process.cpuUsage(began);
    const heap = process.memoryUsage().heapUsed >> 20;
    console.log(name, comparison.relation, comparison.undecided[0]?.code, `${user / 1000} ms, ${heap} MB`);
  }
  return comparison;
}

const infixes = numbers(40).map((index) => `arn:aws:s3:::*x${index}y*`);
const wildcards = numbers(120).map((index) => `*${"?*".repeat(20)}${index}`);
const keys = (operator: string, count: number, value: (index: number) => unknown) =>
  numbers(count).map((index) => ({ [operator]: { [`x:k${index % 7}`]: value(index) } }));

type Case = readonly [name: string, candidate: string, reference: string, meaning?: "equal"];

const cases: readonly Case[] = [
  ["forty infix patterns", policy(allow("s3:*", "*")), policy(allow("s3:*", infixes))],
  [
    "forty infix patterns that exclude and deny",
    policy(allow("s3:*", "*", { NotResource: infixes.slice(0, 20), Resource: undefined })),
    policy(allow("s3:*", "*"), ...infixes.map((pattern) => deny("s3:*", pattern))),
  ],
  [
    "patterns made of wildcards only",
    policy(allow("s3:*", wildcards)),
    policy(allow("s3:*", [...wildcards].reverse())),
    "equal",
  ],
  [
    "nearly equal patterns of many wildcards",
    policy(allow("a:b", `arn:aws:s3:::${"*a".repeat(900)}b`)),
    policy(allow("a:b", `arn:aws:s3:::${"*a".repeat(901)}`), deny("a:b", `*${"a*".repeat(800)}c`)),
  ],
  [
    "ten thousand actions on either side",
    policy(
      allow(
        numbers(10_000).map((index) => `a:B${index}`),
        "*",
      ),
    ),
    policy(
      allow(
        numbers(10_000).map((index) => `a:C${index}`),
        "*",
      ),
    ),
  ],
  [
    "three thousand actions on three thousand resources",
    policy(
      allow(
        numbers(3000).map((one) => `a:*B${one}`),
        numbers(3000).map((one) => `arn:aws:s3:::*b${one}`),
      ),
    ),
    policy(
      allow(
        numbers(3000).map((one) => `a:B${one}*`),
        numbers(3000).map((one) => `arn:aws:s3:::b${one}*`),
      ),
    ),
  ],
  [
    "a hundred statements of conditions",
    policy(allow("a:b", "*")),
    policy(
      ...keys("StringNotEquals", 100, (index) => `v${index}`).map((Condition) =>
        allow("a:b", "*", { Condition }),
      ),
    ),
    // A request without any of the keys meets each condition.
    "equal",
  ],
  [
    "conditions that are hard to satisfy together",
    policy(allow("a:b", "*")),
    policy(
      ...numbers(300).map((index) =>
        allow("a:b", "*", {
          Condition: {
            StringEquals: {
              [`x:k${index % 23}`]: `v${index % 3}`,
              [`x:k${(index * 7) % 23}`]: `v${index % 2}`,
            },
            StringLike: { [`x:k${(index * 5) % 23}`]: `*${index % 5}*` },
          },
        }),
      ),
    ),
  ],
  [
    "sets of many values",
    policy(allow("a:b", "*")),
    policy(
      ...numbers(40).map((index) =>
        allow("a:b", "*", {
          Condition: { "ForAllValues:StringLike": { "aws:TagKeys": [`*${index}a*`, `${index}*`] } },
        }),
      ),
    ),
  ],
  [
    "many variables in every pattern",
    policy(
      allow(
        "a:b",
        numbers(40).map((index) => `arn:aws:s3:::\${x:k${index}}/\${x:k${index + 1}}*`),
      ),
    ),
    policy(
      allow(
        "a:b",
        numbers(40).map((index) => `arn:aws:s3:::\${x:k${index}}/*/\${x:j${index + 1}}*`),
      ),
      ...numbers(60).map((index) => deny("a:b", `arn:aws:s3:::home/\${x:k${index}}`)),
    ),
  ],
  [
    "two thousand principals",
    policy({
      Effect: "Allow",
      Action: "sts:*",
      Principal: { AWS: numbers(2000).map((index) => String(100_000_000_000 + index)) },
    }),
    policy({
      Effect: "Allow",
      Action: "sts:A*",
      NotPrincipal: { AWS: numbers(2000).map((index) => `arn:aws:iam::${100_000_000_000 + index}:role/r`) },
    }),
  ],
  [
    "ten kilobytes of wildcards on either side",
    policy(
      allow(
        numbers(300).map((index) => `a:*x${index}`),
        numbers(22).map((index) => `arn:aws:s3:::*${"a".repeat(200)}${index}`),
      ),
    ),
    policy(
      allow(
        "a:?*",
        numbers(44).map((index) => `arn:aws:s3:::**${"a".repeat(210)}B${index}*`),
      ),
    ),
  ],
  [
    "hundreds of actions on hundreds of resources",
    policy(
      allow(
        numbers(700).map((index) => `a:b${index}`),
        numbers(330).map((index) => `arn:aws:s3:::b${index}`),
      ),
    ),
    policy(),
  ],
  [
    "a thousand variables in one condition",
    policy(allow("a:b", "*")),
    policy(
      allow("a:b", "*"),
      deny("a:b", "*", { Condition: { StringLike: { q: numbers(1250).map((index) => `\${x${index}}`) } } }),
    ),
  ],
  [
    "thousands of statements that match one request",
    policy(allow("*", "*")),
    policy(
      ...numbers(3000).map((index) => allow("*", "*", { Condition: { StringEquals: { k: `v${index}` } } })),
    ),
  ],
  [
    "variables without a closing brace",
    policy(allow("a:b", `${"${".repeat(100_000)}}`)),
    policy(allow("a:c", "*")),
  ],
  [
    "a principal named like the one that the search invents",
    policy({ Effect: "Allow", Action: "sts:A", Principal: "*" }),
    policy({
      Effect: "Allow",
      Action: "sts:A",
      NotPrincipal: { CanonicalUser: `other${"x".repeat(200_000)}` },
    }),
  ],
];

describe("a comparison of hostile policies", () => {
  for (const [name, candidate, reference, meaning] of cases) {
    it(`ends with ${name}`, () => {
      for (const comparison of [compare(name, candidate, reference), compare(name, reference, candidate)]) {
        if (meaning === undefined) assert.notEqual(comparison.relation, "equal");
        else assert.equal(comparison.relation, meaning);
      }
    });
  }

  it("ends for any text, with a relation or the path of the error", () => {
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      fc.json().map((json) => `{"Statement":${json}}`),
    );
    fc.assert(
      fc.property(text, text, (one, other) => {
        const { relation, undecided } = comparePolicies(one, [other, policy(allow("a:b", "*"))]);
        if (relation !== "undecided") return;
        assert.ok(
          undecided.some(
            ({ code, path, message }) => code !== "syntax" || (path?.startsWith("$") && message),
          ),
        );
      }),
      { numRuns: 1000 },
    );
  });

  it("does not read a side longer than all policies of a role", () => {
    const long = policy(
      allow(
        "a:b",
        numbers(5000).map((index) => `arn:aws:s3:::${"b".repeat(40)}${index}`),
      ),
    );
    const { relation, undecided } = comparePolicies([long, long, long, long], policy());
    assert.equal(relation, "undecided");
    assert.ok(undecided.some(({ message }) => /the side has more than 600000/.test(message)));
  });

  it("treats names of Object.prototype like any other condition key", () => {
    const condition = JSON.parse('{"StringEquals":{"__proto__":"x","constructor":"y"}}');
    const narrow = policy(allow("a:b", "*", { Condition: condition }));
    const { relation, excess } = comparePolicies(policy(allow("a:b", "*")), narrow);
    assert.equal(relation, "wider");
    assert.deepEqual(excess[0]?.example?.context, {});
    assert.equal(comparePolicies(narrow, policy(allow("a:b", "*"))).relation, "narrower");
  });
});
