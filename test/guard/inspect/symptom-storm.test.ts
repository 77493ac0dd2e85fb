import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BatchUnreadableError } from "@drift-guard/core/errors";
import { parseMessage } from "@drift-guard/core/intake/message";
import { createSimulatedResources } from "@drift-guard/embedded/resources";
import { inspectMessage } from "@drift-guard/guard/inspect/inspect";
import { rememberClaims } from "@drift-guard/guard/inspect/symptom-claims";
import type { InspectPorts } from "@drift-guard/guard/ports";
import { account, noon, trustOf } from "../../builders.ts";
import { aWorld, type World } from "../world.ts";

const denied = (task: string) =>
  `ResourceInitializationError: unable to pull secrets or registry auth: task ${task}: AccessDeniedException: status code: 400, request id: ${task}`;

/**
 * The event of a child of an array job that failed before it ran. `reason` makes its reason from a text that only this
 * child has.
 */
function childFailed(index: number, queue = "high", reason = denied, jobName = "nightly"): string {
  const task = index.toString(16).padStart(32, "a");
  return JSON.stringify({
    version: "0",
    id: `event-${queue}-${index}`,
    "detail-type": "Batch Job State Change",
    source: "aws.batch",
    account,
    time: noon,
    region: "us-east-1",
    resources: [],
    detail: {
      jobName,
      jobId: `4c7599ae-0a82-49aa-ba5a-4727fcce14a8:${index}`,
      jobQueue: `arn:aws:batch:us-east-1:${account}:job-queue/${queue}`,
      jobDefinition: `arn:aws:batch:us-east-1:${account}:job-definition/nightly:1`,
      status: "FAILED",
      statusReason: reason(task),
      container: { executionRoleArn: `arn:aws:iam::${account}:role/service-role/ecsTaskExecutionRole` },
    },
  });
}

/** Wraps a port so that each call of one of its methods is counted under `name.method`. */
function counted<Port extends object>(name: string, port: Port, calls: Map<string, number>): Port {
  return new Proxy(port, {
    get(target, method, receiver) {
      const value: unknown = Reflect.get(target, method, receiver);
      if (typeof value !== "function") return value;
      return (...args: readonly unknown[]): unknown => {
        const key = `${name}.${String(method)}`;
        calls.set(key, (calls.get(key) ?? 0) + 1);
        return Reflect.apply(value, target, args);
      };
    },
  });
}

function countedPorts({ ports }: World) {
  const calls = new Map<string, number>();
  const { roles, batch, usage, findings, control, rechecks, changes, symptoms, resources, now } = ports;
  assert.ok(symptoms && resources);
  const wrapped = {
    roles: counted("roles", roles, calls),
    batch: counted("batch", batch, calls),
    usage: counted("usage", usage, calls),
    findings: counted("findings", findings, calls),
    control: counted("control", control, calls),
    rechecks: counted("rechecks", rechecks, calls),
    changes: counted("changes", changes, calls),
    symptoms: counted("symptoms", symptoms, calls),
    resources: counted("resources", resources, calls),
    now,
  } satisfies InspectPorts;
  return { calls, ports: wrapped };
}

const secret = `arn:aws:secretsmanager:us-east-1:${account}:secret:db-a1b2c3`;
const key = `arn:aws:kms:us-east-1:${account}:key/1`;

/** A world whose job definition `nightly` needs a secret that a customer managed key encrypts. */
async function aWorldWithSecret(): Promise<World> {
  const resources = createSimulatedResources();
  resources.set(secret, { policy: null, key });
  resources.set(key, { policy: null, key: null });
  const world = aWorld({ resources: resources.reader });
  await world.actOnBatch({
    call: "RegisterJobDefinition",
    jobDefinitionName: "nightly",
    type: "container",
    containerProperties: {
      image: "busybox",
      executionRoleArn: `arn:aws:iam::${account}:role/service-role/ecsTaskExecutionRole`,
      secrets: [{ name: "DB", valueFrom: secret }],
    },
  });
  return world;
}

/**
 * Delivers bodies in batches of ten, as Lambda does. Returns the number of calls of each port, and of the transitions of
 * findings, each of which SNS publishes (`transitions`).
 */
async function deliver(bodies: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const world = await aWorldWithSecret();
  world.act({
    call: "UpdateAssumeRolePolicy",
    roleName: "ecsTaskExecutionRole",
    policyDocument: trustOf("ec2.amazonaws.com"),
  });
  const { calls, ports } = countedPorts(world);
  let transitions = 0;
  for (let at = 0; at < bodies.length; at += 10) {
    const perBatch = { ...ports, symptoms: rememberClaims(ports.symptoms) };
    for (const body of bodies.slice(at, at + 10)) {
      const inspections = await inspectMessage(parseMessage(body), perBatch, world.settings);
      transitions += inspections.flatMap((inspection) => inspection.transitions).length;
    }
  }
  return calls.set("transitions", transitions);
}

describe("A storm of symptoms of one array job", () => {
  it("makes the calls of one symptom, and one conditional write for each batch", async () => {
    const one = await deliver([childFailed(0)]);
    const storm = await deliver(Array.from({ length: 1000 }, (_, index) => childFailed(index)));
    assert.ok((one.get("roles.read") ?? 0) > 0, "the role is read");
    // The secret and the key that encrypts it: Secrets Manager and KMS; Systems Manager is asked in the same way.
    assert.ok((one.get("resources.facts") ?? 0) > 0, "the secret is looked up");
    assert.ok((one.get("transitions") ?? 0) > 0, "the drift is reported");
    const withoutClaims = (calls: ReadonlyMap<string, number>) =>
      Object.fromEntries([...calls].filter(([call]) => call !== "symptoms.claim"));
    assert.deepEqual(withoutClaims(storm), withoutClaims(one));
    assert.equal(storm.get("symptoms.claim"), 100);
  });

  // Texts that are another one in each failure: an encoded message (aws/aws-parallelcluster#372), a signed address, and the
  // ids of S3, which are no hexadecimal numbers.
  for (const [what, reason] of [
    [
      "an encoded message",
      (own: string) =>
        `CLIENT_ERROR - You are not authorized to perform this operation. Encoded authorization failure message: rHU-pVHMSck${btoa(own)}`,
    ],
    [
      "a signed address",
      (own: string) =>
        `CannotPullContainerError: failed to copy: GET https://prod-us-east-1-starport-layer-bucket.s3.us-east-1.amazonaws.com/abc?X-Amz-Security-Token=${btoa(own)}&X-Amz-Signature=${own}: AccessDenied`,
    ],
    [
      "the ids of a request to S3",
      (own: string) =>
        `AccessDenied: Access Denied (Service: Amazon S3; Status Code: 403; Request ID: TX${btoa(own)}; S3 Extended Request ID: ${btoa(own)}=)`,
    ],
  ] as const) {
    it(`is one although each child prints ${what} of its own`, async () => {
      const children = [0, 1, 2].map((index) => childFailed(index, "high", reason));
      const one = await deliver(children.slice(0, 1));
      const storm = await deliver(children);
      assert.ok((one.get("roles.read") ?? 0) > 0, "the role is read");
      assert.equal(storm.get("roles.read"), one.get("roles.read"));
    });
  }

  it("is one although the jobs have other names", async () => {
    const one = await deliver([childFailed(0)]);
    const names = ["align", "call", "filter", "merge", "report"];
    const storm = await deliver(names.map((name, index) => childFailed(index, "high", denied, name)));
    assert.equal(storm.get("roles.read"), one.get("roles.read"));
    assert.equal(storm.get("resources.facts"), one.get("resources.facts"));
  });

  it("does not hide the symptoms of another queue", async () => {
    const one = await deliver([childFailed(0)]);
    const two = await deliver([childFailed(0), childFailed(1), childFailed(2, "low")]);
    assert.equal(two.get("roles.read"), 2 * (one.get("roles.read") ?? 0));
  });

  it("is looked into again ten minutes later", async () => {
    const world = await aWorldWithSecret();
    const { calls, ports } = countedPorts(world);
    await inspectMessage(parseMessage(childFailed(0)), ports, world.settings);
    const before = calls.get("roles.read") ?? 0;
    world.clock.advanceTo(new Date(world.clock.now().getTime() + 10 * 60_000 + 1));
    await inspectMessage(parseMessage(childFailed(1)), ports, world.settings);
    assert.equal(calls.get("roles.read"), 2 * before);
  });

  it("is looked into by the event that failed before, when it is delivered again", async () => {
    const world = await aWorldWithSecret();
    const { calls, ports } = countedPorts(world);
    const unreadable = new BatchUnreadableError("AWS Batch in us-east-1 could not be read.");
    const batch = { ...ports.batch, definition: () => Promise.reject(unreadable) };
    const [first, second] = [parseMessage(childFailed(0)), parseMessage(childFailed(1))];
    await assert.rejects(inspectMessage(first, { ...ports, batch }, world.settings), unreadable);
    assert.deepEqual(await inspectMessage(second, ports, world.settings), []);
    await inspectMessage(first, ports, world.settings);
    assert.ok((calls.get("roles.read") ?? 0) > 0);
  });
});

describe("Jobs of many names that fail for a reason that no role explains", () => {
  it("lead to one message, not to one for each job", async () => {
    const world = aWorld({});
    for (const name of ["align", "call", "filter", "merge", "report"]) {
      const event = JSON.parse(childFailed(0));
      world.emit({ ...event, id: `event-${name}`, detail: { ...event.detail, jobName: name } });
    }
    await world.settle();
    assert.deepEqual(
      world.announced.map(({ kind }) => kind),
      ["opened", "resolved"],
    );
  });
});
