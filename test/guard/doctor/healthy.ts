import { expectDeployment } from "@drift-guard/core/doctor/expectation";
import type { Read } from "@drift-guard/core/model/deployed";
import type { DeploymentReader } from "@drift-guard/core/ports";
import { account } from "../../builders.ts";

/** A deployment with every option, and AWS Batch in a second Region. */
export const expected = expectDeployment(
  { stage: "ci", region: "us-east-1", account, partition: "aws" },
  {
    batchRegions: ["us-east-1", "eu-west-1"],
    forwarded: [{ region: "eu-west-1", services: ["batch"] }],
    securityHub: true,
    rollback: true,
  },
);

/** Returns a read with this value. */
export function read<Value>(value: Value): Read<Value> {
  return { status: "read", value };
}

const denyOthers = (action: string, resource: string, spared: object) => ({
  Effect: "Deny",
  Principal: "*",
  Action: action,
  Resource: resource,
  Condition: { ArnNotEquals: spared },
});

/** Returns the policy of a queue that lets its rules send, and, if it is guarded, nobody else but the guard. */
export function queuePolicy(arn: string, rules: readonly string[], guarded: boolean): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      ...(rules.length === 0
        ? []
        : [
            {
              Effect: "Allow",
              Principal: { Service: "events.amazonaws.com" },
              Action: "sqs:SendMessage",
              Resource: arn,
              Condition: { ArnEquals: { "aws:SourceArn": rules } },
            },
          ]),
      ...(guarded
        ? [
            denyOthers("sqs:SendMessage", arn, {
              ...(rules.length > 0 && { "aws:SourceArn": rules }),
              "aws:PrincipalArn": [`arn:aws:iam::${account}:role/drift-guard-ci-detect`],
            }),
          ]
        : []),
    ],
  });
}

/** A reader of a deployment in which nothing is wrong, apart from the changes. */
export function healthyReader(changes: Partial<DeploymentReader> = {}): DeploymentReader {
  const lookUp = <Found extends { readonly name: string }>(list: readonly Found[], name: string): Found => {
    const found = list.find((each) => each.name === name);
    if (!found) throw new Error(`${name} is not expected`);
    return found;
  };
  return {
    identity: async () => read({ arn: `arn:aws:iam::${account}:user/ada`, aheadSeconds: 0.4 }),
    trails: async () =>
      read([
        {
          arn: `arn:aws:cloudtrail:us-east-1:${account}:trail/all`,
          globalServices: true,
          logging: read(true),
          selectors: read([
            { kind: "basic", readWrite: "All", management: true, excludedSources: ["kms.amazonaws.com"] },
          ]),
        },
      ]),
    rule: async ({ name }) => {
      const { target, calls } = lookUp(expected.rules, name);
      return read({
        state: "ENABLED",
        pattern: JSON.stringify({ source: ["aws.iam"], detail: { ...(calls && { eventName: calls }) } }),
        targets: read([{ arn: target, deadLetters: "arn:aws:sqs:us-east-1:1:missed" }]),
      });
    },
    matches: async () => read(true),
    queue: async (_, name) => {
      const { arn, rules, guarded, deadLetters } = lookUp(expected.queues, name);
      return read({
        messages: 0,
        ...((rules.length > 0 || guarded) && { policy: queuePolicy(arn, rules, guarded) }),
        ...(deadLetters !== undefined && { deadLetters }),
      });
    },
    lambda: async (name) => {
      const { queues, streamOf } = lookUp(expected.functions, name);
      const stream = `arn:aws:dynamodb:us-east-1:${account}:table/${streamOf}/stream/2026`;
      return read({
        state: "Active",
        lastUpdate: "Successful",
        description: "Takes answers (version 1.2.3, configuration 0123456789abcdef)",
        reserved: read({ concurrency: undefined }),
        mappings: read(
          [...queues, ...(streamOf === undefined ? [] : [stream])].map((source) => ({
            source,
            state: "Enabled",
          })),
        ),
      });
    },
    table: async (name) => {
      const { arn, hasStream } = lookUp(expected.tables, name);
      return read({
        state: "ACTIVE",
        ...(hasStream && { stream: `${arn}/stream/2026` }),
        recovery: read(true),
        policy: read(
          JSON.stringify({
            Version: "2012-10-17",
            Statement: [
              denyOthers("dynamodb:PutItem", arn, {
                "aws:PrincipalArn": [`arn:aws:iam::${account}:role/drift-guard-ci-detect`],
              }),
            ],
          }),
        ),
      });
    },
    schedule: async () => read({ state: "ENABLED", target: expected.schedule.target }),
    hub: async () => read(true),
    subscribers: async () => read([{ protocol: "email", address: "o…@example.com", confirmed: true }]),
    ...changes,
  };
}
