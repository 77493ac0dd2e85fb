import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { askPolicy } from "@drift-guard/core/doctor/access";
import { expectDeployment } from "@drift-guard/core/doctor/expectation";
import * as z from "zod";
import { matchesPattern } from "../event-pattern.ts";
import { account, home, parse, type SynthesisedStack, stackOf } from "../stacks.ts";

const Redrive = z.object({ deadLetterTargetArn: z.string() });
const CallPattern = z.object({
  detail: z.object({ eventName: z.array(z.string()).default([]) }).prefault({}),
});

/** What `doctor` expects of each synthesised stack. */
const cases = {
  plain: {
    stack: await stackOf("plain"),
    expected: expectDeployment(
      { stage: "ci", region: home, account, partition: "aws" },
      { batchRegions: [home], forwarded: [], securityHub: false, rollback: false },
    ),
  },
  everything: {
    stack: await stackOf("everything"),
    expected: expectDeployment(
      { stage: "ci", region: home, account, partition: "aws" },
      {
        batchRegions: [home, "eu-west-1"],
        forwarded: [{ region: "eu-west-1", services: ["batch"] }],
        securityHub: true,
        rollback: true,
      },
    ),
  },
  elsewhere: {
    stack: await stackOf("elsewhere"),
    expected: expectDeployment(
      { stage: "ci", region: "eu-central-1", account, partition: "aws" },
      {
        batchRegions: ["eu-central-1", home],
        forwarded: [{ region: home, services: ["iam", "batch"] }],
        securityHub: false,
        rollback: false,
      },
    ),
  },
};

/** The values of an output or input of every resource of a type. */
const all = (stack: SynthesisedStack, type: string, side: "inputs" | "outputs", name: string) =>
  stack
    .all(type)
    .map((resource) => String(resource[side][name]))
    .sort();
const sorted = (texts: readonly string[]) => [...texts].sort();

for (const [name, { stack, expected }] of Object.entries(cases)) {
  describe(`what doctor expects of the stack ${name}`, () => {
    it("is every rule, queue, function, table, topic and schedule of it", () => {
      const is = (type: string, arns: readonly string[]) =>
        assert.deepEqual(sorted(arns), all(stack, type, "outputs", "arn"), type);
      is(
        "aws:cloudwatch/eventRule:EventRule",
        expected.rules.map(({ arn }) => arn),
      );
      is(
        "aws:sqs/queue:Queue",
        expected.queues.map(({ arn }) => arn),
      );
      is(
        "aws:dynamodb/table:Table",
        expected.tables.map(({ arn }) => arn),
      );
      is(
        "aws:sns/topic:Topic",
        expected.topics.map(({ arn }) => arn),
      );
      const names = (type: string) => all(stack, type, "inputs", "name");
      assert.deepEqual(
        sorted(expected.functions.map((each) => each.name)),
        names("aws:lambda/function:Function"),
      );
      assert.deepEqual([expected.schedule.name], names("aws:scheduler/schedule:Schedule"));
      assert.equal(expected.schedule.target, String(stack.get("SweepFunction").outputs.arn));
    });

    it("has the targets, dead-letter queues and mappings of it", () => {
      const targets = stack
        .all("aws:cloudwatch/eventTarget:EventTarget")
        .map(({ inputs }) => `${String(inputs.rule)} → ${String(inputs.arn)}`);
      assert.deepEqual(
        sorted(expected.rules.map((rule) => `${rule.name} → ${rule.target}`)),
        sorted(targets),
      );
      for (const { arn, deadLetters } of expected.queues) {
        const queue = stack.all("aws:sqs/queue:Queue").find(({ outputs }) => outputs.arn === arn);
        const redrive = queue?.inputs.redrivePolicy;
        assert.equal(deadLetters, redrive && Redrive.parse(parse(redrive)).deadLetterTargetArn, arn);
      }
      const mappings = all(
        stack,
        "aws:lambda/eventSourceMapping:EventSourceMapping",
        "inputs",
        "eventSourceArn",
      );
      const fed = expected.functions.flatMap(({ queues, streamOf }) => [
        ...queues,
        ...(streamOf ? ["stream"] : []),
      ]);
      assert.deepEqual(
        sorted(mappings.map((source) => (source.includes(":sqs:") ? source : "stream"))),
        sorted(fed),
      );
    });

    it("names each rule's watched calls as its pattern does", () => {
      for (const { arn, calls } of expected.rules) {
        if (calls === undefined) continue;
        const rule = stack
          .all("aws:cloudwatch/eventRule:EventRule")
          .find(({ outputs }) => outputs.arn === arn);
        const { detail } = CallPattern.parse(parse(rule?.inputs.eventPattern));
        assert.deepEqual(calls, detail.eventName, arn);
      }
    });

    it("has samples that match the patterns of its rules", () => {
      for (const { arn, sample } of expected.rules) {
        // The matcher knows no list of objects. The emulated account has this rule matched by its emulator.
        if (arn.endsWith("-hub-events")) continue;
        const rule = stack
          .all("aws:cloudwatch/eventRule:EventRule")
          .find(({ outputs }) => outputs.arn === arn);
        assert.ok(matchesPattern(parse(rule?.inputs.eventPattern), sample), arn);
      }
    });

    it("is what the policies of its queues and tables allow and deny", () => {
      for (const { arn, rules, guarded } of expected.queues) {
        const policy = stack
          .all("aws:sqs/queuePolicy:QueuePolicy")
          .find(({ inputs }) => String(inputs.policy).includes(`"${arn}"`));
        if (rules.length === 0 && !guarded) continue;
        const text = String(policy?.inputs.policy);
        const on = { action: "sqs:SendMessage", resource: arn, partition: "aws" };
        for (const rule of rules)
          assert.equal(askPolicy(text, on, { rule }).status, "allowed", `${rule} ${arn}`);
        const stranger = askPolicy(text, on, { stranger: `arn:aws:iam::${account}:role/somebody-else` });
        assert.equal(stranger.status, guarded ? "explicitDeny" : "implicitDeny", arn);
      }
    });
  });
}
