import assert from "node:assert/strict";
import { AttachRolePolicyCommand, DetachRolePolicyCommand } from "@aws-sdk/client-iam";
import { SQSClient } from "@aws-sdk/client-sqs";
import { createRollbackQueue } from "@drift-guard/aws/delivery/sqs";
import type { Finding } from "@drift-guard/core/model/finding";
import { type Instant, instantOf } from "@drift-guard/core/model/instant";
import type { Role } from "@drift-guard/core/model/role";
import type { Rollback } from "@drift-guard/core/model/rollback";
import type { RollbackRequest } from "@drift-guard/core/model/rollback-request";
import type { Transition } from "@drift-guard/core/model/transition";
import { clientSettings } from "@drift-guard/local/client";
import { type GuardedAccount, keyOf, until } from "./account.ts";
import { becomePerson, type Person } from "./person.ts";
import { neededPolicy } from "./rollback-roles.ts";

/** An AWS managed policy that no role of the test needs. */
export const extraPolicy = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";

/** Returns the time some hours from now. */
export const inHours = (hours: number): Instant => instantOf(new Date(Date.now() + hours * 3_600_000));

/** An account with rollback, the people who act in it, and what they see. Roles are named by their names. */
export interface RollbackScene {
  readonly account: GuardedAccount;
  /** Makes the drifts; another person than the one who answers. */
  readonly pipeline: Person;
  readonly onCall: Person;
  /** Detaches the needed policy, by default as the pipeline. */
  detach(name: string, person?: Pick<Person, "iam">): Promise<unknown>;
  /** Attaches a policy, by default as the pipeline. */
  attach(name: string, policyArn: string, person?: Pick<Person, "iam">): Promise<unknown>;
  read(name: string): Promise<Role>;
  attachedTo(name: string): Promise<readonly string[]>;
  /** The inline policies' documents, by name. */
  inlineOf(name: string): Promise<Readonly<Record<string, unknown>>>;
  rollbacksOf(name: string): Promise<readonly Rollback[]>;
  /** The calls that rollbacks of the role planned, sorted. */
  callsOf(name: string): Promise<readonly string[]>;
  /** The role's drifts. */
  findingsOf(name: string): Promise<readonly Finding[]>;
  historyOf(finding: Finding): Promise<readonly Transition[]>;
  untilAttached(name: string, expected: readonly string[]): Promise<unknown>;
  /** Waits until people know of this number of rollbacks, all of them done. */
  untilDone(name: string, count: number): Promise<readonly Rollback[]>;
  /** Waits until rollback knows who made each drift of the role: before, nobody is refused as their author. */
  untilCaused(name: string): Promise<unknown>;
  /** Waits for a transition of the role's only drift whose note matches. Returns the finding. */
  untilTold(name: string, kind: string, note: RegExp): Promise<Finding>;
  /** Sends a request to the rollback function, as another function of the guard does. */
  request(message: RollbackRequest): Promise<void>;
}

/** Brings people into an account with rollback. */
export async function openScene(account: GuardedAccount): Promise<RollbackScene> {
  const [pipeline, onCall] = [await becomePerson(account, "Pipeline"), await becomePerson(account, "OnCall")];
  const settings = clientSettings(account.local.endpoint);
  const queue = createRollbackQueue(new SQSClient(settings), account.local.deployment.outputs.Rollback ?? "");
  const read = async (name: string): Promise<Role> => {
    const reading = await account.roles.read(name);
    assert.ok(reading.status === "present", `${name} exists`);
    return reading.role;
  };
  const attachedTo = async (name: string) => (await read(name)).attached.map(({ arn }) => arn);
  const rollbacksOf = async (name: string) => (await account.control.load(keyOf(name))).rollbacks;
  const findingsOf = async (name: string) => {
    const found: Finding[] = [];
    for await (const finding of account.store.listFindings({ role: keyOf(name) })) {
      if (finding.evidence.kind === "drift") found.push(finding);
    }
    return found;
  };
  const historyOf = ({ role, id }: Finding) => account.store.history(role, id);
  return {
    account,
    pipeline,
    onCall,
    detach: (name, { iam } = pipeline) =>
      iam.send(new DetachRolePolicyCommand({ RoleName: name, PolicyArn: neededPolicy })),
    attach: (name, PolicyArn, { iam } = pipeline) =>
      iam.send(new AttachRolePolicyCommand({ RoleName: name, PolicyArn })),
    read,
    attachedTo,
    inlineOf: async (name) =>
      Object.fromEntries((await read(name)).inline.map((policy) => [policy.name, JSON.parse(policy.text)])),
    rollbacksOf,
    callsOf: async (name) =>
      (await rollbacksOf(name)).flatMap(({ plan }) => plan.steps.map(({ call }) => call)).toSorted(),
    findingsOf,
    historyOf,
    untilAttached: (name, expected) =>
      until(
        `${name} to have ${expected.join(", ") || "no policy"}`,
        () => attachedTo(name),
        (arns) => JSON.stringify(arns.toSorted()) === JSON.stringify(expected.toSorted()),
      ),
    untilDone: (name, count) =>
      until(
        `${count} rollbacks of ${name} that people know of`,
        () => rollbacksOf(name),
        (all) => all.length === count && all.every((each) => each.status === "done" && each.told === true),
      ),
    untilCaused: async (name) =>
      until(
        `the report of who made the drifts of ${name}`,
        async () => ({ findings: await findingsOf(name), control: await account.control.load(keyOf(name)) }),
        ({ findings, control: { causes } }) =>
          findings.length > 0 && findings.every(({ id }) => causes.some(({ findingId }) => findingId === id)),
      ),
    untilTold: async (name, kind, note) => {
      const seen = await until(
        `${name} to be ${kind}`,
        async () => {
          const findings = await findingsOf(name);
          return Promise.all(
            findings.map(async (finding) => ({ finding, history: await historyOf(finding) })),
          );
        },
        (all) =>
          all.some(({ history }) => history.some((each) => each.kind === kind && note.test(each.note ?? ""))),
      );
      assert.equal(seen.length, 1, `${name} has one drift`);
      assert.ok(seen[0]);
      return seen[0].finding;
    },
    request: (message) => queue.send(message, 0),
  };
}
