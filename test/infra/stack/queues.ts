import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decide } from "@drift-guard/policy/decide";
import { parsePolicy } from "@drift-guard/policy/parse";
import { account, home, parse, stackOf, statementsOf } from "../stacks.ts";

const plain = await stackOf("plain");
const everything = await stackOf("everything");

/** The queues that only the guard may send to, with the rules and functions that do. */
const guarded: Readonly<
  Record<string, { readonly rules: readonly string[]; readonly functions: readonly string[] }>
> = {
  Changes: { rules: ["IamRule", "BatchRule"], functions: ["Detect", "Sweep", "Looker", "Responder"] },
  Symptoms: { rules: ["FailedJobsRule", "BlockedQueuesRule"], functions: [] },
  HubAnswers: { rules: ["HubEventsRule"], functions: [] },
  Lookups: { rules: [], functions: ["Detect", "Sweep", "Looker"] },
  Rollback: { rules: ["RollbackRule"], functions: ["Detect", "Sweep", "Responder", "Rollbacker"] },
};

describe("every queue", () => {
  it("is encrypted and keeps messages for two weeks", () => {
    for (const { name, inputs } of everything.all("aws:sqs/queue:Queue")) {
      assert.equal(inputs.sqsManagedSseEnabled, true, name);
      assert.equal(inputs.messageRetentionSeconds, 14 * 86_400, name);
    }
  });

  it("that feeds a function moves a message to its own dead-letter queue after ten receives", () => {
    for (const name of [
      "Changes",
      "Symptoms",
      "Lookups",
      "Notify",
      "SecurityHub",
      "HubAnswers",
      "Rollback",
    ]) {
      assert.deepEqual(parse(everything.get(`${name}Queue`).inputs.redrivePolicy), {
        deadLetterTargetArn: everything.get(`${name}MissedQueue`).outputs.arn,
        maxReceiveCount: 10,
      });
    }
  });

  it("that feeds a function hides a received message for six times the function's timeout, and its window", () => {
    const fed = everything.all("aws:lambda/eventSourceMapping:EventSourceMapping").flatMap(({ inputs }) => {
      const queue = everything.resources.find(({ outputs }) => outputs.arn === inputs.eventSourceArn);
      const lambda = everything.resources.find(({ outputs }) => outputs.arn === inputs.functionName);
      const window = Number(inputs.maximumBatchingWindowInSeconds ?? 0);
      return queue && lambda ? [{ queue, lambda, window }] : [];
    });
    assert.deepEqual(
      fed.map(({ queue, lambda }) => `${queue.name} → ${lambda.name}`),
      [
        "ChangesQueue → DetectFunction",
        "HubAnswersQueue → HubImporterFunction",
        "LookupsQueue → LookerFunction",
        "NotifyQueue → NotifierFunction",
        "RollbackQueue → RollbackerFunction",
        "SecurityHubQueue → HubImporterFunction",
        "SymptomsQueue → DetectFunction",
      ],
    );
    for (const { queue, lambda, window } of fed) {
      const seconds = 6 * Number(lambda.inputs.timeout) + window;
      assert.equal(queue.inputs.visibilityTimeoutSeconds, seconds, queue.name);
    }
  });

  it("that feeds a function has a limit on invocations at once, so that no throttled message counts as received", () => {
    const limits = everything
      .all("aws:lambda/eventSourceMapping:EventSourceMapping")
      .flatMap(({ inputs }) => {
        const queue = everything.resources.find(({ outputs }) => outputs.arn === inputs.eventSourceArn);
        return queue?.type === "aws:sqs/queue:Queue" ? [[queue.name, inputs.scalingConfig]] : [];
      });
    assert.deepEqual(Object.fromEntries(limits), {
      ChangesQueue: { maximumConcurrency: 5 },
      HubAnswersQueue: { maximumConcurrency: 2 },
      LookupsQueue: { maximumConcurrency: 2 },
      NotifyQueue: { maximumConcurrency: 5 },
      RollbackQueue: { maximumConcurrency: 2 },
      SecurityHubQueue: { maximumConcurrency: 5 },
      SymptomsQueue: { maximumConcurrency: 2 },
    });
    for (const { name, inputs } of everything.all("aws:lambda/function:Function"))
      assert.ok(!(Number(inputs.reservedConcurrentExecutions ?? -1) > 0), name);
  });

  it("of rollback gives one message to each invocation, so that none waits behind a long rollback", () => {
    const queue = everything.get("RollbackQueue").outputs.arn;
    const mapping = everything
      .all("aws:lambda/eventSourceMapping:EventSourceMapping")
      .find(({ inputs }) => inputs.eventSourceArn === queue);
    assert.equal(mapping?.inputs.batchSize, 1);
  });

  it("of Security Hub's answers collects a hundred for at most 20 seconds, so that people get one message", () => {
    const answers = everything.get("HubAnswersQueue").outputs.arn;
    const mapping = everything
      .all("aws:lambda/eventSourceMapping:EventSourceMapping")
      .find(({ inputs }) => inputs.eventSourceArn === answers)?.inputs;
    assert.equal(mapping?.maximumBatchingWindowInSeconds, 20);
    assert.equal(mapping.batchSize, 100);
    assert.deepEqual(mapping.scalingConfig, { maximumConcurrency: 2 });
  });

  it("of missed messages has an alarm that each further message raises, also while others wait", () => {
    const missed = everything.all("aws:sqs/queue:Queue").filter(({ name }) => name.includes("Missed"));
    assert.equal(missed.length, 12);
    for (const queue of missed) {
      const alarm = everything.get(queue.name.replace(/Queue$/, "Alarm"));
      assert.deepEqual(alarm.inputs.metricQueries, [
        {
          id: "m",
          metric: {
            namespace: "AWS/SQS",
            metricName: "ApproximateNumberOfMessagesVisible",
            dimensions: { QueueName: queue.outputs.name },
            stat: "Maximum",
            period: 60,
          },
        },
        { id: "e", expression: "DIFF(FILL(m, 0))", returnData: true },
      ]);
      assert.equal(alarm.inputs.comparisonOperator, "GreaterThanThreshold");
      assert.equal(alarm.inputs.threshold, 0);
      // Metrics of a queue that was inactive come up to 15 minutes late.
      assert.deepEqual([alarm.inputs.datapointsToAlarm, alarm.inputs.evaluationPeriods], [1, 15]);
      assert.equal(alarm.region, queue.region);
      const topic = queue.region === home ? "AlertsTopic" : "AlertsInEuWest1Topic";
      assert.deepEqual(alarm.inputs.alarmActions, [everything.get(topic).outputs.arn]);
    }
  });

  it("that feeds a function has an alarm on messages that wait for longer than any delay and two tries", () => {
    for (const { inputs } of everything.all("aws:lambda/eventSourceMapping:EventSourceMapping")) {
      const queue = everything.resources.find(({ outputs }) => outputs.arn === inputs.eventSourceArn);
      if (queue?.type !== "aws:sqs/queue:Queue") continue;
      const alarm = everything.get(queue.name.replace(/Queue$/, "AgeAlarm")).inputs;
      assert.equal(alarm.metricName, "ApproximateAgeOfOldestMessage");
      assert.deepEqual(alarm.dimensions, { QueueName: queue.outputs.name });
      assert.equal(alarm.threshold, 900 + 2 * Number(queue.inputs.visibilityTimeoutSeconds));
    }
  });

  it("accepts messages from the rules that feed it, and from no other rule", () => {
    const senders: Record<string, readonly string[]> = {
      Changes: ["IamRule", "BatchRule"],
      ChangesMissed: ["IamRule", "BatchRule"],
      Symptoms: ["FailedJobsRule", "BlockedQueuesRule"],
      SymptomsMissed: ["FailedJobsRule", "BlockedQueuesRule"],
      Notify: ["NotifyRule"],
      NotifyMissed: ["NotifyRule"],
      HubAnswers: ["HubEventsRule"],
      HubAnswersMissed: ["HubEventsRule"],
      SecurityHub: ["SecurityHubRule"],
      SecurityHubMissed: ["SecurityHubRule"],
      Rollback: ["RollbackRule"],
      RollbackMissed: ["RollbackRule"],
      WatchMissed: [
        ...["Rules", "Queues", "Topics", "Alarms", "Trails", "Tables", "Functions", "Schedules", "Roles"],
        ...["SelfRules", "SelfTopics", "SelfRoles"],
      ].map((kind) => `Watch${kind}Rule`),
      WatchMissedInEuWest1: [
        ...["Rules", "Queues", "Topics", "Alarms", "Trails"],
        ...["SelfRules", "SelfTopics"],
      ].map((kind) => `Watch${kind}RuleInEuWest1`),
      ForwardMissedInEuWest1: ["BatchRuleInEuWest1", "FailedJobsRuleInEuWest1", "BlockedQueuesRuleInEuWest1"],
    };
    const policies = everything.all("aws:sqs/queuePolicy:QueuePolicy");
    assert.deepEqual(
      policies.map(({ name }) => name.replace(/Policy$/, "")).sort(),
      [...Object.keys(senders), "Lookups"].sort(),
    );
    for (const [name, rules] of Object.entries(senders)) {
      const { inputs } = everything.get(`${name}Policy`);
      const queue = everything.get(`${name}Queue`);
      assert.equal(inputs.queueUrl, queue.outputs.url);
      const [allowed, ...others] = statementsOf(inputs.policy);
      assert.deepEqual(
        allowed,
        {
          Effect: "Allow",
          Principal: { Service: ["events.amazonaws.com"] },
          Action: ["sqs:SendMessage"],
          Resource: [queue.outputs.arn],
          Condition: {
            ArnEquals: { "aws:SourceArn": rules.map((rule) => everything.get(rule).outputs.arn) },
          },
        },
        name,
      );
      assert.equal(others.length, name in guarded ? 1 : 0, name);
    }
  });

  it("whose messages are believed denies sending to everybody but its rules and the guard's functions that send to it", () => {
    for (const [name, { rules, functions }] of Object.entries(guarded)) {
      const { inputs } = everything.get(`${name}Policy`);
      const denied = statementsOf(inputs.policy).find(({ Effect }) => Effect === "Deny");
      const queue = String(everything.get(`${name}Queue`).outputs.arn);
      assert.deepEqual(denied, {
        Sid: "OnlyTheGuardSends",
        Effect: "Deny",
        Principal: "*",
        Action: ["sqs:SendMessage"],
        Resource: [queue],
        Condition: {
          ArnNotEquals: {
            ...(rules.length > 0 && {
              "aws:SourceArn": rules.map((rule) => everything.get(rule).outputs.arn),
            }),
            ...(functions.length > 0 && {
              "aws:PrincipalArn": functions.map((each) => everything.get(`${each}Role`).outputs.arn),
            }),
          },
        },
      });
      const document = [parsePolicy(String(inputs.policy))];
      const principal = { type: "AWS", id: `arn:aws:iam::${account}:root` } as const;
      const send = (context: Readonly<Record<string, string>>) =>
        decide({ action: "sqs:SendMessage", resource: queue, principal, context }, document);
      const detect = String(everything.get("DetectRole").outputs.arn);
      const sends = functions.includes("Detect");
      assert.equal(send({ "aws:principalarn": detect }), sends ? "implicitDeny" : "explicitDeny");
      assert.equal(send({ "aws:principalarn": `arn:aws:iam::${account}:role/admin` }), "explicitDeny");
      const otherRule = `arn:aws:events:us-east-1:${account}:rule/other`;
      assert.equal(send({ "aws:sourcearn": otherRule }), "explicitDeny");
    }
  });
});

describe("the topic", () => {
  const allAlarms = ["metricAlarm:MetricAlarm", "compositeAlarm:CompositeAlarm"].flatMap((type) =>
    everything.all(`aws:cloudwatch/${type}`),
  );

  it("has the owner's addresses as subscriptions", () => {
    const topic = everything.get("AlertsTopic").outputs.arn;
    const subscribed = everything
      .all("aws:sns/topicSubscription:TopicSubscription")
      .filter(({ inputs }) => inputs.topic === topic)
      .map(({ inputs }) => [inputs.protocol, inputs.endpoint]);
    assert.deepEqual(subscribed, [
      ["email", "owner@example.com"],
      ["email", "oncall@example.com"],
    ]);
  });

  it("has a deployment warn that nobody will hear where the owner names no address", () => {
    assert.match(plain.printed.join("\n"), /^WARNING: nobody will hear .* topic drift-guard-ci-alerts /m);
    assert.doesNotMatch(everything.printed.join("\n"), /nobody will hear/);
  });

  it("allows the alarms of its region to publish, and no other service", () => {
    const alarms = allAlarms.filter(({ region }) => region === home).map(({ outputs }) => outputs.arn);
    const [statement] = statementsOf(everything.get("AlertsPolicy").inputs.policy);
    assert.deepEqual(statement?.Principal, { Service: ["cloudwatch.amazonaws.com"] });
    assert.deepEqual(statement?.Action, ["sns:Publish"]);
    assert.deepEqual(statement?.Condition?.ArnEquals?.["aws:SourceArn"]?.toSorted(), alarms.toSorted());
    assert.deepEqual(statement?.Condition?.StringEquals, { "aws:SourceAccount": [account] });
  });

  it("denies publishing to everybody but its alarms, notify, respond, securityhub and the watch, because people act on its messages", () => {
    for (const [name, publishers] of [
      ["Alerts", ["NotifierRole", "ResponderRole", "HubImporterRole", "Watcher"]],
      ["AlertsInEuWest1", ["Watcher"]],
    ] as const) {
      const topic = everything.get(`${name}Topic`);
      const document = [parsePolicy(String(everything.get(`${name}Policy`).inputs.policy))];
      const publish = (context: Readonly<Record<string, string>>, service?: string) =>
        decide(
          {
            action: "sns:Publish",
            resource: String(topic.outputs.arn),
            principal: service
              ? { type: "Service", id: service }
              : { type: "AWS", id: `arn:aws:iam::${account}:root` },
            context,
          },
          document,
        );
      for (const role of everything.all("aws:iam/role:Role")) {
        const spared = publishers.some((each) => each === role.name);
        const decision = publish({ "aws:principalarn": String(role.outputs.arn) });
        assert.equal(decision, spared ? "implicitDeny" : "explicitDeny", `${name}: ${role.name}`);
      }
      assert.equal(publish({ "aws:principalarn": `arn:aws:iam::${account}:role/admin` }), "explicitDeny");
      for (const alarm of allAlarms) {
        const context = { "aws:sourcearn": String(alarm.outputs.arn), "aws:sourceaccount": account };
        const own = alarm.region === topic.region;
        const decision = publish(context, "cloudwatch.amazonaws.com");
        assert.equal(decision, own ? "allowed" : "explicitDeny", `${name}: ${alarm.name}`);
      }
    }
  });
});

describe("the schedule", () => {
  it("starts a sweep every sweepHours", () => {
    assert.equal(plain.get("ScheduleSchedule").inputs.scheduleExpression, "rate(6 hours)");
    assert.equal(everything.get("ScheduleSchedule").inputs.scheduleExpression, "rate(1 hour)");
  });

  it("keeps a sweep that could not be started, and one that failed three times, in the queue SweepMissed", () => {
    const missed = plain.get("SweepMissedQueue").outputs.arn;
    const { target } = plain.get("ScheduleSchedule").inputs;
    assert.deepEqual(target, {
      arn: plain.get("SweepFunction").outputs.arn,
      roleArn: plain.get("ScheduleRole").outputs.arn,
      input: "{}",
      retryPolicy: { maximumRetryAttempts: 2 },
      deadLetterConfig: { arn: missed },
    });
    assert.deepEqual(plain.get("SweepEventInvokeConfig").inputs.destinationConfig, {
      onFailure: { destination: missed },
    });
  });
});
