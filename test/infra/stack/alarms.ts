import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { alarmedMetrics, forgedItems, sweepMetrics } from "@drift-guard/core/config/metrics";
import { lambdas } from "@drift-guard/infra/bundles";
import { renderTemplates } from "@drift-guard/infra/template/template";
import * as z from "zod";
import { home, type SynthesisedStack, stackOf } from "../stacks.ts";

const everything = await stackOf("everything");
const plain = await stackOf("plain");
const elsewhere = await stackOf("elsewhere");
const runbook = await readFile(join(import.meta.dirname, "../../../docs/alarms.md"), "utf8");
const alarmsOf = (stack: SynthesisedStack) => [
  ...stack.all("aws:cloudwatch/metricAlarm:MetricAlarm"),
  ...stack.all("aws:cloudwatch/compositeAlarm:CompositeAlarm"),
];
const alarms = () => alarmsOf(everything);
const sectionsOf = (stack: SynthesisedStack) =>
  alarmsOf(stack).map(({ inputs }) => {
    const text = String(inputs.alarmDescription);
    return /\(runbook: docs\/alarms\.md, "(\w+)"\)$/.exec(text)?.[1] ?? assert.fail(text);
  });
/** The alarms of the runbook, and whether each is marked as essential. */
const rows = new Map(
  runbook.split("\n").flatMap((line) => {
    const [, names, essential] = /^\| (`.+?`) \| (yes)?/.exec(line) ?? [];
    return [...(names ?? "").matchAll(/`(\w+)`/g)].map(([, name]) => [name, essential === "yes"] as const);
  }),
);
const Environment = z.object({ variables: z.record(z.string(), z.string()) });

describe("every alarm", () => {
  it("names its row of the runbook, and has a text that CloudWatch takes", () => {
    for (const { name, inputs } of alarms()) assert.ok(String(inputs.alarmDescription).length <= 1024, name);
    assert.deepEqual([...new Set(sectionsOf(everything))].sort(), [...rows.keys()].sort());
  });

  it("has one command, on a resource of this deployment, in the alarm's region or the guard's", () => {
    const names = [
      ...everything.all("aws:lambda/function:Function"),
      ...everything.all("aws:sns/topic:Topic"),
    ];
    for (const { name, region, inputs } of alarms()) {
      const text = String(inputs.alarmDescription);
      const commands = text.match(/aws (?:cloudwatch|lambda|logs|sns) [a-z-]+ /g) ?? [];
      assert.equal(commands.length, 1, name);
      const at = commands[0]?.startsWith("aws sns") ? region : home;
      assert.ok(text.includes(`--region ${at} `), name);
      const [, named = ""] = /(?:--function-name |\/aws\/lambda\/|--topic-arn \S+:)(\S+)/.exec(text) ?? [];
      if (name === "BlindAlarm") assert.match(text, /--alarm-name-prefix drift-guard-ci- /);
      else
        assert.ok(
          names.some(({ outputs }) => outputs.name === named),
          `${name}: ${named}`,
        );
      assert.doesNotMatch(text, /replay/);
    }
  });

  it("of missed messages has the command that starts a sweep, because their queues refuse what people send", () => {
    for (const { name, inputs } of alarms().filter(({ name }) => name.includes("Missed")))
      assert.match(
        String(inputs.alarmDescription),
        /aws lambda invoke --region us-east-1 --function-name drift-guard-ci-sweep --invocation-type Event \/dev\/null/,
        name,
      );
  });

  it("is part of the CloudFormation template", () => {
    const templates = [...renderTemplates(everything.resources).values()];
    const resources = templates.flatMap(({ Resources }) => Object.values(Resources));
    const written = resources.filter(({ Type }) => /^AWS::CloudWatch::\w*Alarm$/.test(Type));
    assert.equal(written.length, alarms().length);
    const missed = written.find(({ Properties }) => Properties.AlarmName === "drift-guard-ci-changes-missed");
    assert.deepEqual(missed?.Properties.Metrics, [
      {
        Id: "m",
        ReturnData: false,
        MetricStat: {
          Metric: {
            Namespace: "AWS/SQS",
            MetricName: "ApproximateNumberOfMessagesVisible",
            Dimensions: [{ Name: "QueueName", Value: { "Fn::GetAtt": ["ChangesMissed", "QueueName"] } }],
          },
          Period: 60,
          Stat: "Maximum",
        },
      },
      { Id: "e", Expression: "DIFF(FILL(m, 0))", ReturnData: true },
    ]);
  });
});

describe("the owner's choice of essential alarms", () => {
  it("has those that the runbook marks so, in each region", () => {
    // This deployment has neither rollback nor Security Hub.
    const possible = sectionsOf(plain).concat("ForwardMissed");
    const marked = [...rows].flatMap(([name, essential]) =>
      essential && name !== undefined && possible.includes(name) ? [name] : [],
    );
    assert.deepEqual([...new Set(sectionsOf(elsewhere))].sort(), marked.sort());
  });

  it("is a number of alarms that the runbook tells", () => {
    const home = elsewhere
      .all("aws:cloudwatch/metricAlarm:MetricAlarm")
      .filter(({ region }) => region !== "us-east-1");
    const whole = plain.all("aws:cloudwatch/metricAlarm:MetricAlarm");
    assert.ok(
      runbook.includes(`has ${home.length} alarms with \`"essential"\`, and ${whole.length} with \`"all"\``),
      `${home.length} and ${whole.length}`,
    );
  });
});

describe("an alarm on a metric", () => {
  it("watches a metric that a function of this deployment, and not of another stage, counts", () => {
    const own = alarms().filter(({ inputs }) => inputs.namespace === "drift-guard-ci");
    assert.deepEqual(
      own
        .map(({ inputs }) => JSON.stringify([inputs.metricName, inputs.dimensions, inputs.statistic]))
        .sort(),
      [
        ...Object.entries(alarmedMetrics),
        ...forgedItems.functions.map((service) => [service, forgedItems.metric]),
        ...Object.values(sweepMetrics).map((metric) => ["sweep", metric]),
      ]
        .map(([service, metric]) => JSON.stringify([metric, { service }, "Sum"]))
        .sort(),
    );
    for (const { name, inputs } of everything.all("aws:lambda/function:Function")) {
      const { variables } = Environment.parse(inputs.environment);
      assert.equal(variables.POWERTOOLS_METRICS_NAMESPACE, "drift-guard-ci", name);
    }
  });

  it("is raised by each error of respond, which nothing tries again", () => {
    const { inputs } = everything.get("RespondErrorsAlarm");
    assert.deepEqual(
      [inputs.namespace, inputs.metricName, inputs.dimensions, inputs.threshold, inputs.evaluationPeriods],
      ["AWS/Lambda", "Errors", { FunctionName: everything.get("ResponderFunction").outputs.name }, 0, 1],
    );
    assert.equal(inputs.datapointsToAlarm, undefined);
  });

  it("is raised by errors and throttles of each function that last", () => {
    const functions = Object.keys(lambdas).map((name) => everything.get(`${name}Function`).outputs.name);
    for (const metric of ["Errors", "Throttles"]) {
      const watching = alarms().filter(({ inputs }) => inputs.metricName === metric);
      assert.deepEqual(
        watching.map(({ inputs }) => JSON.stringify(inputs.dimensions)).sort(),
        functions.map((FunctionName) => JSON.stringify({ FunctionName })).sort(),
      );
      for (const { name, inputs } of watching) {
        if (name === "RespondErrorsAlarm") continue;
        assert.deepEqual(
          [inputs.datapointsToAlarm, inputs.evaluationPeriods, inputs.period],
          [2, 15, 60],
          name,
        );
      }
    }
  });

  it("is raised by transitions that wait in the stream for 15 minutes", () => {
    const { inputs } = everything.get("StreamAgeAlarm");
    assert.deepEqual(
      [inputs.metricName, inputs.dimensions, inputs.statistic, inputs.threshold],
      ["IteratorAge", { FunctionName: everything.get("PublishFunction").outputs.name }, "Maximum", 900_000],
    );
  });

  it("is raised by messages that the guard's topic of a region could not deliver", () => {
    const topics = everything.all("aws:sns/topic:Topic").filter(({ name }) => name.startsWith("Alerts"));
    assert.equal(topics.length, 2);
    for (const topic of topics) {
      const region = topic.name.replace(/^Alerts|Topic$/g, "");
      const { inputs } = everything.get(`NotificationsFailed${region}Alarm`);
      assert.deepEqual(
        [inputs.namespace, inputs.metricName, inputs.dimensions, inputs.alarmActions],
        ["AWS/SNS", "NumberOfNotificationsFailed", { TopicName: topic.outputs.name }, [topic.outputs.arn]],
      );
    }
  });

  it("is raised where no sweep was complete in twice its period, and where there is no value", () => {
    for (const [stack, hours] of [
      [everything, 2],
      [plain, 12],
    ] as const) {
      const { inputs } = stack.get("SweepsMissingAlarm");
      assert.deepEqual(
        [inputs.comparisonOperator, inputs.threshold, inputs.treatMissingData],
        ["LessThanThreshold", 1, "breaching"],
      );
      assert.deepEqual(
        [Number(inputs.period) * Number(inputs.evaluationPeriods), inputs.datapointsToAlarm],
        [hours * 3600, inputs.evaluationPeriods],
      );
    }
  });
});

describe("the alarm that drift-guard cannot see", () => {
  it("is raised with each alarm that means so, and tells people", () => {
    const { inputs } = everything.get("BlindAlarm");
    const named = [...String(inputs.alarmRule).matchAll(/ALARM\("(\S+)"\)/g)].map(([, arn]) => arn);
    assert.deepEqual(
      named,
      ["ChangesMissed", "ChangesAge", "DetectErrors", "DetectThrottles", "SweepsMissing"].map(
        (name) => everything.get(`${name}Alarm`).outputs.arn,
      ),
    );
    assert.equal(String(inputs.alarmRule).match(/ OR /g)?.length, named.length - 1);
    assert.deepEqual(inputs.alarmActions, [everything.get("AlertsTopic").outputs.arn]);
  });

  it("is left out with the essential alarms, which are its parts", () => {
    assert.equal(elsewhere.has("BlindAlarm"), false);
  });
});
