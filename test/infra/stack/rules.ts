import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { watchedCalls } from "@drift-guard/core/intake/watched-calls";
import { repositoryRoot } from "@drift-guard/infra/synth/platform";
import { account, parse, type SynthesisedStack, stackOf } from "../stacks.ts";

const plain = await stackOf("plain");
const everything = await stackOf("everything");
const elsewhere = await stackOf("elsewhere");

describe("sst.config.ts", () => {
  it("has no static import, because SST refuses them", async () => {
    const text = await readFile(join(repositoryRoot, "sst.config.ts"), "utf8");
    assert.doesNotMatch(text, /^\s*import\s+(?!\()/m);
  });
});

describe("the rules on the default bus", () => {
  for (const [service, name] of [
    ["iam", "IamRule"],
    ["batch", "BatchRule"],
  ] as const) {
    it(`match exactly the watched calls of ${service} in this account, denied calls and the guard's own included`, () => {
      const { inputs } = plain.get(name);
      assert.equal(inputs.eventBusName, undefined);
      assert.equal(inputs.state, undefined);
      assert.deepEqual(parse(inputs.eventPattern), {
        source: [`aws.${service}`],
        account: [account],
        "detail-type": ["AWS API Call via CloudTrail", "AWS Service Event via CloudTrail"],
        detail: { eventSource: [`${service}.amazonaws.com`], eventName: [...watchedCalls[service]] },
      });
    });
  }

  it("match jobs that failed before they ran, and blocked queues", () => {
    const from = { source: ["aws.batch"], account: [account] };
    assert.deepEqual(parse(plain.get("FailedJobsRule").inputs.eventPattern), {
      ...from,
      "detail-type": ["Batch Job State Change", "Batch Service Job State Change"],
      detail: {
        status: ["FAILED"],
        statusReason: [
          { exists: false },
          {
            "anything-but": {
              prefix: [
                "Essential container in task exited",
                "Dependent Job failed",
                "Job attempt duration exceeded",
              ],
            },
          },
        ],
      },
    });
    assert.deepEqual(parse(plain.get("BlockedQueuesRule").inputs.eventPattern), {
      ...from,
      "detail-type": ["Batch Job Queue Blocked", "Batch Service Job Queue Blocked"],
    });
  });

  it("send calls to the queue Changes and symptoms to a queue of their own, whatever region the guard is in", () => {
    const queues = {
      ChangesQueue: ["IamTarget", "BatchTarget"],
      SymptomsQueue: ["FailedJobsTarget", "BlockedQueuesTarget"],
    };
    for (const stack of [plain, elsewhere]) {
      for (const [queue, targets] of Object.entries(queues)) {
        for (const name of targets) assert.equal(stack.get(name).inputs.arn, stack.get(queue).outputs.arn);
      }
    }
  });
});

describe("every target", () => {
  it("retries for a day, then sends the event to a queue of its own region", () => {
    for (const stack of [everything, elsewhere]) {
      for (const { name, region, inputs } of stack.all("aws:cloudwatch/eventTarget:EventTarget")) {
        assert.deepEqual(inputs.retryPolicy, { maximumEventAgeInSeconds: 86_400, maximumRetryAttempts: 185 });
        const kept = stack
          .all("aws:sqs/queue:Queue")
          .find(
            ({ outputs }) => JSON.stringify({ arn: outputs.arn }) === JSON.stringify(inputs.deadLetterConfig),
          );
        assert.ok(kept, name);
        assert.match(kept.name, /Missed/);
        assert.equal(kept.region, region);
      }
    }
  });
});

describe("the guard's own bus", () => {
  const pattern = (stack: SynthesisedStack, rule: string) => {
    const { inputs } = stack.get(rule);
    assert.equal(inputs.eventBusName, stack.get("BusBus").outputs.name);
    return parse(inputs.eventPattern);
  };
  const all = { source: ["drift-guard"], account: [account], "detail-type": ["Transition"] };

  it("sends every transition to notify and to securityhub", () => {
    // People may ask for a test message, which is no transition.
    const types = { "detail-type": ["Transition", "Test message", "Report"] };
    assert.deepEqual(pattern(everything, "NotifyRule"), { ...all, ...types });
    assert.deepEqual(pattern(everything, "SecurityHubRule"), all);
  });

  it("sends transitions that may need a rollback to rollback", () => {
    assert.deepEqual(pattern(everything, "RollbackRule"), {
      ...all,
      detail: { kind: ["opened", "worsened", "reopened", "approved", "recurred"] },
    });
  });

  it("has no rule for securityhub or rollback where both are off", () => {
    const left = plain.resources.filter(({ name }) => /Hub|Rollback/.test(name));
    assert.deepEqual(left, []);
  });
});

describe("the rule on Security Hub's events", () => {
  it("takes imports and custom actions of the guard's own product and generators, and no event of the newer hub", () => {
    const { inputs } = everything.get("HubEventsRule");
    assert.equal(inputs.eventBusName, undefined);
    assert.deepEqual(parse(inputs.eventPattern), {
      source: ["aws.securityhub"],
      "detail-type": ["Security Hub Findings - Imported", "Security Hub Findings - Custom Action"],
      detail: {
        findings: {
          ProductArn: [`arn:aws:securityhub:us-east-1:${account}:product/${account}/default`],
          GeneratorId: [{ prefix: "drift-guard/" }],
        },
      },
    });
  });
});
