import { comparePolicies } from "@drift-guard/policy/compare";
import type { Comparison } from "@drift-guard/policy/comparison";
import { allow, policy } from "../policy/builders.ts";
import { listDocuments, listVersions } from "../policy/corpus.ts";
import {
  listReadOnlyStatements,
  makeReference,
  sensitiveResources,
  splitByAction,
} from "../policy/large-policies.ts";

// Usage: node test/bench/policy.ts. Prints the median of several warm runs of each pair, which other work on the
// machine disturbs least.

/** Returns the time of a call in milliseconds. */
function clock(call: () => void): number {
  const began = performance.now();
  call();
  return performance.now() - began;
}

interface Row {
  readonly name: string;
  readonly times: readonly number[];
  readonly undecided: number;
}

function print({ name, times, undecided }: Row): void {
  const sorted = [...times].sort((one, other) => one - other);
  const at = (share: number) =>
    (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(3);
  console.log(
    `${name.padEnd(62)} ${String(times.length).padStart(6)} pairs  p50 ${at(0.5)}  p99 ${at(0.99)}  worst ${at(1)} ms  undecided ${undecided}`,
  );
}

/** Returns the median time of a pair after a first run, in milliseconds. */
function timeWarm(
  candidate: string,
  reference: string,
  repeats: number,
): { time: number; comparison: Comparison } {
  const comparison = comparePolicies(candidate, reference);
  const times = Array.from({ length: repeats }, () => clock(() => comparePolicies(candidate, reference)));
  times.sort((one, other) => one - other);
  return { time: times[repeats >> 1] ?? 0, comparison };
}

function benchPairs(name: string, pairs: readonly (readonly [string, string])[], repeats: number): void {
  const results = pairs.map(([candidate, reference]) => timeWarm(candidate, reference, repeats));
  print({
    name,
    times: results.map(({ time }) => time),
    undecided: results.filter(({ comparison }) => comparison.undecided.length > 0).length,
  });
}

interface StatementJson {
  readonly Action?: unknown;
  readonly [element: string]: unknown;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

function isStatement(json: unknown): json is StatementJson {
  return typeof json === "object" && json !== null;
}

function countStatements(text: string): number {
  const document: unknown = JSON.parse(text);
  return typeof document === "object" && document !== null && "Statement" in document
    ? listOf(document.Statement).length
    : 0;
}

/** Adds an action to one statement of a document, or removes one. */
function changeAction(document: { readonly Statement: unknown }, place: number, add: boolean): string {
  const statements = listOf(document.Statement).filter(isStatement);
  const index = place % statements.length;
  return JSON.stringify({
    ...document,
    Statement: statements.map((statement, at) => {
      if (at !== index || statement.Action === undefined) return statement;
      const actions = listOf(statement.Action);
      return { ...statement, Action: add ? [...actions, "drift:Added"] : actions.slice(1) };
    }),
  });
}

const documents = listDocuments();
if (documents.length === 0)
  console.log("AWS's managed policies do not lie beside the checkout: only the 10,000 roles are measured.");

for (let round = 0; round < 3; round++) {
  for (const { document } of documents)
    comparePolicies(changeAction(document, round, true), JSON.stringify(document));
}

for (const name of ["AWSBatchServiceRole", "BatchServiceRolePolicy", "AmazonECSTaskExecutionRolePolicy"]) {
  const versions = listVersions(name);
  const newest = versions.at(-1);
  if (newest === undefined) continue;
  benchPairs(`${name}: the newest against itself`, [[newest, newest]], 2000);
  benchPairs(
    `${name}: every version against the newest`,
    versions.map((version) => [version, newest] as const),
    1000,
  );
}
const linked = listVersions("BatchServiceRolePolicy");
const seventeen = linked.filter((text) => countStatements(text) === 17);
benchPairs(
  "BatchServiceRolePolicy: 17 statements against the newest",
  seventeen.flatMap((version) => linked.slice(-1).map((newest) => [version, newest] as const)),
  1000,
);
benchPairs(
  "BatchServiceRolePolicy: 17 statements against every later one",
  seventeen.flatMap((version) =>
    linked.slice(linked.indexOf(version) + 1).map((later) => [version, later] as const),
  ),
  1000,
);
benchPairs(
  "each document against itself with an action added",
  documents.map(
    ({ document }, place) => [changeAction(document, place, true), JSON.stringify(document)] as const,
  ),
  5,
);
benchPairs(
  "each document against itself with an action removed",
  documents.map(
    ({ document }, place) => [changeAction(document, place, false), JSON.stringify(document)] as const,
  ),
  5,
);
// The pairs that need the most steps.
const checks = sensitiveResources.map(
  (resource) => [policy(allow(`${resource.service}:*`, "*")), makeReference(resource)] as const,
);
benchPairs("a service against everything except actions on a resource", checks, 5);
benchPairs(
  "the same, the other way round",
  checks.map(([candidate, reference]) => [reference, candidate] as const),
  5,
);
const readOnly = listReadOnlyStatements();
const largest = [policy(...readOnly), policy(...splitByAction(readOnly))] as const;
benchPairs("2,900 actions against a statement for each", [largest], 5);
benchPairs("a statement for each of 2,900 actions against them", [[largest[1], largest[0]]], 5);

// 10,000 roles: a shared managed document, and an inline policy of each role that must be parsed.
const shared = listVersions("AWSBatchServiceRole").at(-1) ?? '{"Statement":[]}';
const roles = Array.from({ length: 10_000 }, (_, number) => {
  const inline = (action: string) =>
    JSON.stringify({
      Version: "2012-10-17",
      Statement: {
        Effect: "Allow",
        Action: ["s3:GetObject", action],
        Resource: `arn:aws:s3:::job-${number}/*`,
      },
    });
  const reference = [shared, inline("s3:PutObject")];
  return {
    reference,
    candidate: number % 10 === 0 ? [shared, inline("s3:DeleteObject")] : [shared, inline("s3:PutObject")],
  };
});
const total = clock(() => {
  for (const { candidate, reference } of roles) comparePolicies(candidate, reference);
});
console.log(
  `${"10,000 roles, one in ten drifted, parsing included".padEnd(62)} ${(total / 1000).toFixed(2)} s`,
);
