import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { renderWatchPattern } from "@drift-guard/infra/stack/watch-patterns";
import { decide } from "@drift-guard/policy/decide";
import { parsePolicy } from "@drift-guard/policy/parse";
import * as z from "zod";
import { matchesPattern } from "../event-pattern.ts";
import {
  account,
  home,
  parse,
  permissionsOf,
  type SynthesisedStack,
  stackOf,
  statementsOf,
} from "../stacks.ts";
import { actors, blindingCalls, eventOf, type RecordedCall } from "./blinding-calls.ts";

const plain = await stackOf("plain");
const everything = await stackOf("everything");
const elsewhere = await stackOf("elsewhere");

const ours = blindingCalls("drift-guard-ci-");

/** Returns the rules of the watch in a region, with what they publish to. */
function watchIn(stack: SynthesisedStack, region: string) {
  const topics = new Map(
    stack.all("aws:sns/topic:Topic").map(({ outputs }) => [outputs.arn, String(outputs.name)]),
  );
  return stack
    .all("aws:cloudwatch/eventTarget:EventTarget")
    .filter((target) => target.region === region && topics.has(target.inputs.arn))
    .map(({ inputs }) => {
      const rule = stack
        .all("aws:cloudwatch/eventRule:EventRule")
        .find(({ region: place, outputs }) => place === region && outputs.name === inputs.rule);
      return {
        name: String(inputs.rule),
        pattern: parse(rule?.inputs.eventPattern),
        topic: topics.get(inputs.arn) ?? "",
        inputs,
      };
    });
}

/** Returns the names of the topics that are told of an event. */
function told(
  stack: SynthesisedStack,
  event: { readonly region: string; readonly detail: object },
): readonly string[] {
  return watchIn(stack, event.region)
    .filter(({ pattern }) => matchesPattern(pattern, event))
    .map(({ topic }) => topic);
}

describe("the watch of the guard tells the topic Watch when somebody", () => {
  for (const [what, calls] of ours)
    it(what, () => {
      for (const call of calls)
        for (const by of [actors.admin, actors.user, actors.root])
          assert.ok(
            told(everything, eventOf(call, { by })).includes("drift-guard-ci-watch"),
            `${call.eventName} by ${by.arn}`,
          );
    });
});

describe("the watch of the guard", () => {
  const all = [...ours.values()].flat();

  it("tells nobody of what a deployer does, and everybody's calls where the configuration names none", () => {
    for (const call of all)
      for (const by of [actors.deployer, actors.deployingUser]) {
        const event = eventOf(call, { by });
        assert.deepEqual(told(everything, event), [], `${call.eventName} by ${by.arn}`);
        assert.ok(told(plain, event).includes("drift-guard-ci-watch"), `${call.eventName} by ${by.arn}`);
      }
  });

  it("knows a deployer by the whole ARN of the role behind the session", () => {
    const [call = assert.fail()] = all;
    const { sessionContext, ...rest } = actors.deployer;
    const issuer = { ...sessionContext.sessionIssuer, arn: `arn:aws:iam::${account}:role/ci/deploy-guard-2` };
    const other = { ...rest, sessionContext: { ...sessionContext, sessionIssuer: issuer } };
    const foreign = JSON.parse(JSON.stringify(actors.deployer).replaceAll(account, "999999999999"));
    for (const by of [other, foreign])
      assert.deepEqual(told(everything, eventOf(call, { by })), ["drift-guard-ci-watch"]);
  });

  it("tells of calls by an AWS service, which have no ARN", () => {
    const by = { type: "AWSService", invokedBy: "example.amazonaws.com" };
    for (const call of all)
      assert.ok(told(everything, eventOf(call, { by })).includes("drift-guard-ci-watch"), call.eventName);
  });

  it("tells nobody of calls on another stage or app, whatever names no resource aside", () => {
    for (const prefix of [
      "drift-guard-production-",
      "drift-guard-c-",
      "my-drift-guard-ci-",
      "drift-guard-",
    ]) {
      for (const [what, calls] of blindingCalls(prefix)) {
        if (what === "stops the trail") continue;
        for (const call of calls) {
          const named = JSON.stringify(call.requestParameters).toLowerCase().includes(prefix);
          if (!named && call.responseElements === undefined) continue;
          assert.deepEqual(told(everything, eventOf(call)), [], `${call.eventName} on ${prefix}`);
        }
      }
    }
  });

  it("tells nobody of calls in another account, of calls that only read, and of one's own rules on the guard's bus", () => {
    for (const call of all) {
      const event = { ...eventOf(call), account: "999999999999" };
      assert.deepEqual(told(everything, event), [], call.eventName);
    }
    const harmless: readonly RecordedCall[] = [
      {
        service: "events",
        eventName: "PutRule",
        requestParameters: { name: "mine", eventBusName: "drift-guard-ci-bus" },
      },
      {
        service: "sns",
        eventName: "Subscribe",
        requestParameters: { topicArn: `arn:aws:sns:${home}:${account}:drift-guard-ci-alerts` },
      },
      {
        service: "lambda",
        eventName: "GetFunction20150331v2",
        requestParameters: { functionName: "drift-guard-ci-detect" },
      },
      {
        service: "iam",
        eventName: "AttachRolePolicy",
        requestParameters: {
          roleName: "alice",
          policyArn: `arn:aws:iam::${account}:policy/drift-guard-ci-operator`,
        },
      },
    ];
    for (const call of harmless) assert.deepEqual(told(everything, eventOf(call)), [], call.eventName);
  });

  it("tells nobody of refused calls, whose parameters can be any text, and does of calls of unknown outcome", () => {
    for (const call of all) {
      const event = eventOf(call);
      const failed = (errorCode: string) =>
        told(everything, { ...event, detail: { ...event.detail, errorCode } });
      for (const code of ["AccessDenied", "ValidationException", "ResourceNotFoundException"])
        assert.deepEqual(failed(code), [], `${call.eventName}: ${code}`);
      for (const code of ["InternalFailure", "ServiceUnavailable", "InternalServerError"])
        assert.ok(failed(code).includes("drift-guard-ci-watch"), `${call.eventName}: ${code}`);
    }
  });

  it("is in the guard's region, in that of IAM's events, and in each region that forwards", () => {
    const kinds = (stack: SynthesisedStack, region: string) =>
      watchIn(stack, region).map(({ name }) => name.replace("drift-guard-ci-", "").replace(`-${region}`, ""));
    const assertKinds = (actual: readonly string[], expected: readonly string[]) =>
      assert.deepEqual(actual.toSorted(), expected.toSorted());
    const everywhere = ["watch-rules", "watch-queues", "watch-topics", "watch-alarms", "watch-trails"];
    const home = ["watch-tables", "watch-functions", "watch-schedules"];
    const self = ["watch-self-rules", "watch-self-topics"];
    const iam = ["watch-roles", ...self, "watch-self-roles"];
    assertKinds(kinds(plain, "us-east-1"), [...everywhere, ...home, ...iam]);
    assertKinds(kinds(everything, "eu-west-1"), [...everywhere, ...self]);
    assertKinds(kinds(elsewhere, "eu-central-1"), [...everywhere, ...home, ...self]);
    assertKinds(kinds(elsewhere, "us-east-1"), [...everywhere, ...iam]);
  });

  it("sees a call on each resource with a name that the stack has in the region", () => {
    const region = "eu-west-1";
    const [rule, queue, topic] = ["BatchRule", "ForwardMissed", "Alerts"].map((name) => `${name}InEuWest1`);
    const calls: readonly RecordedCall[] = [
      {
        service: "events",
        eventName: "DisableRule",
        requestParameters: { name: everything.get(`${rule}`).inputs.name },
      },
      {
        service: "sqs",
        eventName: "PurgeQueue",
        requestParameters: {
          queueUrl: `https://sqs.${region}.amazonaws.com/${account}/${everything.get(`${queue}Queue`).inputs.name}`,
        },
      },
      {
        service: "sns",
        eventName: "DeleteTopic",
        requestParameters: {
          topicArn: `arn:aws:sns:${region}:${account}:${everything.get(`${topic}Topic`).inputs.name}`,
        },
      },
    ];
    for (const call of calls)
      assert.deepEqual(
        told(everything, eventOf(call, { region })),
        ["drift-guard-ci-watch-eu-west-1"],
        call.eventName,
      );
  });

  it("tells the guard's own topic of calls on the rules, the topic and the role of the watch", () => {
    const role = { service: "iam", eventName: "DeleteRolePolicy", roleName: "drift-guard-ci-watcher" };
    for (const { name } of watchIn(everything, home)) {
      const event = eventOf({ service: "events", eventName: "DisableRule", requestParameters: { name } });
      assert.deepEqual(
        told(everything, event).toSorted(),
        ["drift-guard-ci-alerts", "drift-guard-ci-watch"],
        name,
      );
    }
    for (const call of [
      {
        service: "sns",
        eventName: "DeleteTopic",
        requestParameters: { topicArn: `arn:aws:sns:${home}:${account}:drift-guard-ci-watch` },
      },
      { ...role, requestParameters: { roleName: role.roleName, policyName: "inline" } },
    ])
      assert.deepEqual(told(everything, eventOf(call)).toSorted(), [
        "drift-guard-ci-alerts",
        "drift-guard-ci-watch",
      ]);
  });
});

describe("a rule of the watch", () => {
  it("fits EventBridge's limits on patterns, and on rules with wildcards", () => {
    for (const [stack, regions] of [
      [plain, [home]],
      [everything, [home, "eu-west-1"]],
      [elsewhere, [home, "eu-central-1"]],
    ] as const)
      for (const region of regions) {
        const patterns = watchIn(stack, region).map(({ pattern }) => JSON.stringify(pattern));
        for (const pattern of patterns) assert.ok(pattern.length <= 2048, pattern);
        // 30 rules of a bus may have wildcards: several stages fit.
        assert.ok(patterns.filter((pattern) => pattern.includes('"wildcard"')).length <= 2, region);
      }
  });

  it("refuses deployers that would make its pattern too long, and says what to shorten", () => {
    const place = { prefix: "drift-guard-ci-", account, region: home, partition: "aws" };
    const deployers = Array.from({ length: 20 }, (_, index) => `arn:aws:iam::*:role/deploy-${index}`);
    assert.throws(() => renderWatchPattern("functions", { ...place, deployers }), {
      name: "ConfigError",
      message: /pattern of \d+ characters, and EventBridge allows 2048.*\nShorten the list deployer/s,
    });
    renderWatchPattern("functions", { ...place, deployers: ["arn:aws:iam::*:role/deploy-*"] });
  });

  it("keeps out deployers by exact ARNs, by beginnings, and by patterns", () => {
    const place = { prefix: "drift-guard-ci-", account, region: home, partition: "aws" };
    const event = eventOf(
      {
        service: "scheduler",
        eventName: "DeleteSchedule",
        requestParameters: { name: "drift-guard-ci-sweep" },
      },
      { by: actors.deployer },
    );
    for (const [deployers, matches] of [
      [["arn:aws:iam::*:role/ci/deploy-guard"], false],
      [["arn:aws:iam::*:role/ci/*", "arn:aws:iam::*:role/release*"], false],
      [["arn:aws:iam::*:role/*/deploy-guard", "arn:aws:iam::*:role/release"], false],
      [["arn:aws:iam::*:role/ci"], true],
      [["arn:aws:iam::*:user/ci"], true],
      [["arn:aws:iam::999999999999:role/ci/deploy-guard"], true],
    ] as const)
      assert.equal(
        matchesPattern(JSON.parse(renderWatchPattern("schedules", { ...place, deployers })), event),
        matches,
        deployers.join(),
      );
  });

  it("publishes with a role that may publish to the topics of the guard, and do nothing else", () => {
    const { inputs } = elsewhere.get("Watcher");
    assert.deepEqual(
      statementsOf(inputs.assumeRolePolicy).map(({ Principal }) => Principal),
      [{ Service: ["events.amazonaws.com"] }],
    );
    const topics = elsewhere.all("aws:sns/topic:Topic").map(({ outputs }) => String(outputs.arn));
    const [statement, ...more] = permissionsOf(elsewhere, "Watcher");
    assert.deepEqual(more, []);
    assert.deepEqual(statement?.Action, ["sns:Publish"]);
    assert.deepEqual(statement?.Resource?.toSorted(), topics.toSorted());
    for (const { inputs: target } of watchIn(elsewhere, home))
      assert.equal(target.roleArn, elsewhere.get("Watcher").outputs.arn);
  });

  it("alone may publish to the topic Watch, and may publish to the topic Alerts", () => {
    const watcher = `arn:aws:iam::${account}:role/drift-guard-ci-watcher`;
    for (const topic of ["Watch", "Alerts", "WatchInEuWest1", "AlertsInEuWest1"]) {
      const resource = String(everything.get(`${topic}Topic`).outputs.arn);
      const document = parsePolicy(String(everything.get(`${topic}Policy`).inputs.policy));
      const publish = (arn: string) =>
        decide(
          {
            action: "sns:Publish",
            resource,
            context: { "aws:PrincipalArn": arn },
            principal: { type: "AWS", id: arn },
          },
          [document],
        );
      assert.equal(publish(`arn:aws:iam::${account}:role/admin`), "explicitDeny", topic);
      assert.notEqual(publish(watcher), "explicitDeny", topic);
    }
  });
});

describe("a notice of the watch", () => {
  const Transformer = z.object({ inputPaths: z.record(z.string(), z.string()), inputTemplate: z.string() });

  /** Returns what EventBridge makes of an event (docs/aws-facts.md, "EventBridge delivery"). */
  function transform(event: ReturnType<typeof eventOf>): readonly string[] {
    const [rule = assert.fail("no rule matches")] = watchIn(everything, event.region).filter(({ pattern }) =>
      matchesPattern(pattern, event),
    );
    const { inputPaths, inputTemplate } = Transformer.parse(rule.inputs.inputTransformer);
    const lookUp = (path: string) =>
      path
        .split(".")
        .slice(1)
        .reduce<unknown>(
          (value, key) =>
            value instanceof Object ? Object.getOwnPropertyDescriptor(value, key)?.value : undefined,
          event,
        );
    return inputTemplate
      .replaceAll(/<(\w+)>/g, (_, name: string) =>
        String(lookUp(inputPaths[name] ?? assert.fail(name)) ?? ""),
      )
      .split("\n")
      .map((line) => /^"(.*)"$/.exec(line)?.[1]?.trimEnd() ?? assert.fail(line));
  }

  it("says what was called, on what, by whom, and how to look at it", () => {
    const [call = assert.fail()] = ours.get("disables the rule") ?? [];
    assert.deepEqual(transform(eventOf(call)), [
      "Somebody made a call that can blind drift-guard (drift-guard-ci-*).",
      "Call: DisableRule (events.amazonaws.com)",
      "On: drift-guard-ci-iam",
      `By: arn:aws:sts::${account}:assumed-role/admin/alice`,
      "At: 2026-11-02T10:00:00Z in us-east-1, from 192.0.2.7",
      "If you do not know why the call was made, act now: drift may go unseen. Undo the call, or deploy again; then start a sweep.",
      "The whole record: aws cloudtrail lookup-events --region us-east-1 --lookup-attributes AttributeKey=EventId,AttributeValue=59fbb4ab-8b54-4d2b-9b2d-37a2a9b5a002",
      "What to do: docs/alarms.md, Calls that can blind the guard",
    ]);
  });

  it("shows the resource of each call, where the record has one", () => {
    for (const call of [...ours.values()].flat()) {
      const on = transform(eventOf(call)).find((line) => line.startsWith("On:")) ?? "";
      const isUnnamed = call.requestParameters !== null && "omitted" in call.requestParameters;
      if (call.eventName !== "PutAlarmMuteRule" && !isUnnamed) assert.match(on, /^On: +\S/, call.eventName);
    }
  });
});
