import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { createFindingStore } from "@drift-guard/aws/dynamodb/findings";
import { createUsageStore } from "@drift-guard/aws/dynamodb/usage";
import { parseJobDefinition } from "@drift-guard/core/batch/job-definition";
import type { DefinitionUse } from "@drift-guard/core/batch/role-use";
import { usesOfDefinition } from "@drift-guard/core/batch/uses";
import { evaluate } from "@drift-guard/core/evaluate/evaluate";
import { evaluateUses, joinAssessments } from "@drift-guard/core/evaluate/uses";
import type { Evidence } from "@drift-guard/core/model/evidence";
import { emptyLedger, type Ledger } from "@drift-guard/core/model/ledger";
import { type Role, type RoleReading, seen } from "@drift-guard/core/model/role";
import { reconcile } from "@drift-guard/core/reconcile/reconcile";
import { account, aKey, noon, secondsAfterNoon } from "../../builders.ts";
import { asReferenced, guardedAs, referenceOf } from "../../core/watched-roles.ts";
import { json, withResponder } from "../responder.ts";

// An item of DynamoDB holds 400 KB, a transaction 4 MB and 100 items (docs/aws-facts.md, "DynamoDB, SQS and Lambda").
const maxItemBytes = 400 * 1024;
const maxTransactionBytes = 4 * 1024 * 1024;

const place = { region: "us-east-1", account, partition: "aws" };
const name = "ecsTaskExecutionRole";
const key = aKey({ name });

/** A secret with the longest name that Secrets Manager takes. */
function aLongSecret(number: number): string {
  return `arn:aws:secretsmanager:us-east-1:${account}:secret:${`${number}-`.padEnd(505, "x")}-AbCdEf`;
}

/** A definition of the longest name that AWS Batch takes, with `secrets` secrets. */
function aDefinition(number: number, revision: number, secrets: number, role = name) {
  const definition = parseJobDefinition(
    {
      jobDefinitionName: `${number}-`.padEnd(128, "d"),
      revision,
      status: "ACTIVE",
      containerProperties: {
        executionRoleArn: `arn:aws:iam::${account}:role/${role}`,
        secrets: Array.from({ length: secrets }, (_, index) => ({
          name: `S${index}`,
          valueFrom: aLongSecret(number * 1_000_000 + revision * 1000 + index),
        })),
      },
    },
    place,
  );
  assert.ok(definition);
  return definition;
}

/** A policy of exactly `characters` characters that allows as many different things as fit. */
function aLargePolicy(number: number, characters: number): string {
  const actions: string[] = [];
  const print = () =>
    JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Action: actions, Resource: `arn:aws:s3:::b${number}/*` }],
    });
  for (let index = 0; print().length + 20 < characters; index += 1) actions.push(`s3:Get${number}x${index}*`);
  return print();
}

function evidenceOf(reading: RoleReading, uses: readonly DefinitionUse[]): readonly Evidence[] {
  const reference = referenceOf(name);
  return joinAssessments([
    ...evaluate({ reference, guarded: guardedAs({}), reading }),
    ...evaluateUses({ reading, uses, facts: new Map() }),
  ]);
}

/** Sends the calls of `work` to an endpoint that checks the size of each written item. Returns the sizes in bytes. */
async function measureWrites(work: (client: DynamoDBClient) => Promise<void>): Promise<readonly number[]> {
  const sizes: number[] = [];
  await withResponder(
    ({ action, body }) => {
      if (action !== "TransactWriteItems") return json({ Items: [], Count: 0 });
      const { TransactItems: writes }: { TransactItems: readonly { Put?: { Item: object } }[] } =
        JSON.parse(body);
      // The JSON of the call is longer than the item: it has the types of the attributes too.
      sizes.push(...writes.flatMap(({ Put }) => (Put ? [Buffer.byteLength(JSON.stringify(Put.Item))] : [])));
      assert.ok(writes.length <= 100, `${writes.length} items in one transaction`);
      assert.ok(Buffer.byteLength(body) < 2 * maxTransactionBytes);
      return json({});
    },
    async ({ endpoint }) => {
      const client = new DynamoDBClient({
        endpoint,
        region: "us-east-1",
        credentials: { accessKeyId: "test", secretAccessKey: "test" },
      });
      await work(client);
      client.destroy();
    },
  );
  assert.ok(sizes.length > 0);
  for (const size of sizes) assert.ok(size < maxItemBytes, `an item of ${size} bytes`);
  return sizes;
}

/** Reconciles a ledger with evidence. */
function observe(ledger: Ledger, evidence: readonly Evidence[], uses: readonly DefinitionUse[], now = noon) {
  return reconcile({
    ledger,
    evidence,
    uses,
    exceptions: [],
    cause: { kind: "sweep" },
    now,
    settleSeconds: 60,
  });
}

describe("What is written for a role", () => {
  const reading: RoleReading = { status: "present", role: asReferenced(name, { attached: [] }) };

  it("fits DynamoDB's items after 1000 hostile job definitions, and the reached limit is reported", async () => {
    const uses: DefinitionUse[] = [];
    await measureWrites(async (client) => {
      const store = createUsageStore(client, { table: "Findings" });
      for (let number = 0; number < 1000; number += 1) {
        const recorded = usesOfDefinition([aDefinition(number, 1, number < 5 ? 400 : 3)]);
        uses.push(...[...recorded.values()].flat().filter((use) => use.kind === "job-definition"));
        const subject = { kind: "job-definition", region: "us-east-1", name: `${number}` } as const;
        if (number < 10) await store.record(account, subject, recorded);
      }
    });
    assert.ok(
      uses.some(({ omitted }) => omitted?.some((text) => /of its secrets are not recorded/.test(text))),
    );
    const evidence = evidenceOf(reading, uses);
    const { ledger, transitions } = observe(emptyLedger(key), evidence, uses);
    await measureWrites(async (client) => {
      const store = createFindingStore(client, { table: "Findings", sinks: ["notify"] });
      await store.commit({ before: emptyLedger(key), after: ledger, transitions });
    });
    const texts = JSON.stringify(ledger.findings);
    assert.match(texts, /more than 500 different needs/);
    assert.match(texts, /more grants are not recorded/);
    // The same evidence is no news, although it was cut.
    assert.deepEqual(observe(ledger, evidence, uses, secondsAfterNoon(300)).transitions, []);
  });

  it("fits after 1000 revisions with 1000 roles of the longest names", async () => {
    const revisions = Array.from({ length: 1000 }, (_, index) =>
      aDefinition(1, index + 1, 30, index % 2 === 0 ? name : `${index}-`.padEnd(64, "r")),
    );
    const uses = usesOfDefinition(revisions);
    const omitted = [...uses.values()].flat().flatMap((use) => ("omitted" in use ? (use.omitted ?? []) : []));
    assert.ok(
      omitted.some((text) => /older revisions are not recorded/.test(text)),
      omitted.join(),
    );
    await measureWrites(async (client) => {
      const store = createUsageStore(client, { table: "Findings" });
      await store.record(account, { kind: "job-definition", region: "us-east-1", name: "d" }, uses);
    });
  });

  it("fits with the largest policies that IAM takes", async () => {
    const attached = Array.from({ length: 10 }, (_, index) => ({
      arn: `arn:aws:iam::${account}:policy/${`${index}-`.padEnd(128, "p")}`,
      version: seen({ id: "v1", text: aLargePolicy(index, 6144) }),
    }));
    const role: Role = asReferenced(name, {
      attached,
      inline: [{ name: "i".repeat(128), text: aLargePolicy(10, 10_240) }],
      trust: JSON.stringify({
        Version: "2012-10-17",
        Statement: Array.from({ length: 30 }, (_, index) => ({
          Effect: "Allow",
          Principal: { AWS: `arn:aws:iam::${111122223333 + index}:role/${"t".repeat(30)}` },
          Action: "sts:AssumeRole",
        })),
      }),
    });
    const evidence = evidenceOf({ status: "present", role }, []);
    assert.ok(evidence.length >= 12, `${evidence.length} pieces of evidence`);
    const { ledger, transitions } = observe(emptyLedger(key), evidence, []);
    await measureWrites(async (client) => {
      const store = createFindingStore(client, { table: "Findings", sinks: ["notify"] });
      await store.commit({ before: emptyLedger(key), after: ledger, transitions });
    });
  });
});
