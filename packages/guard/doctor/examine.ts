import type { Check, CheckArea, Verdict } from "@drift-guard/core/doctor/check";
import type { ExpectedDeployment, ExpectedRule } from "@drift-guard/core/doctor/expectation";
import { judgeFunction } from "@drift-guard/core/doctor/function";
import { judgeQueue } from "@drift-guard/core/doctor/queue";
import { judgeRule } from "@drift-guard/core/doctor/rule";
import {
  judgeClock,
  judgeConfiguration,
  judgeCredentials,
  judgeHub,
  judgeSchedule,
  judgeTopic,
  judgeVersion,
} from "@drift-guard/core/doctor/surroundings";
import { judgeTable } from "@drift-guard/core/doctor/table";
import { judgeTrails } from "@drift-guard/core/doctor/trail";
import type { DeployedFunction, DeployedTable, Read } from "@drift-guard/core/model/deployed";
import type { DoctorPorts } from "../ports.ts";

/** The configuration that a deployment is compared with. */
export interface LocalConfiguration {
  readonly fingerprint: string;
  /** The version of the command line. */
  readonly version: string;
  /** The file, or `the default`; for messages. */
  readonly file: string;
}

/**
 * Reads a deployment and judges it. Changes nothing. Returns the checks in the order of `CheckArea`; what could not be read
 * is `unknown`. Where the guard's tables and functions are all absent, one check says so in place of theirs.
 */
export async function examine(
  expected: ExpectedDeployment,
  configuration: LocalConfiguration,
  { deployment }: DoctorPorts,
): Promise<readonly Check[]> {
  const { place } = expected;
  const { region: home } = place;
  const check = (area: CheckArea, subject: string, region: string, verdict: Verdict): Check => ({
    area,
    subject,
    region,
    ...verdict,
  });
  const [identity, functions, tables, trails] = await Promise.all([
    deployment.identity(),
    Promise.all(
      expected.functions.map(async (each) => ({ each, found: await deployment.lambda(each.name) })),
    ),
    Promise.all(expected.tables.map(async (each) => ({ each, found: await deployment.table(each.name) }))),
    Promise.all(
      expected.trails.map(async ({ region, sources }) =>
        check("trail", "CloudTrail", region, judgeTrails(region, sources, await deployment.trails(region))),
      ),
    ),
  ]);
  const surroundings = [
    check("account", "credentials", home, judgeCredentials(expected, identity)),
    check("account", "clock", home, judgeClock(identity)),
    ...trails,
  ];
  if ([...functions, ...tables].every(({ found }) => isAbsent(found)))
    return [
      ...surroundings,
      check("configuration", `stage ${place.stage}`, home, {
        status: "failed",
        text: `No guard is deployed as the stage ${place.stage} in ${home} of account ${place.account}.`,
        next: "Deploy it, or check the stage, the credentials and regions.guard of the configuration.",
      }),
    ];
  const [rules, queues, schedule, hub, topics] = await Promise.all([
    Promise.all(
      expected.rules.map(async (rule) =>
        check("rule", rule.name, rule.region, await examineRule(rule, deployment)),
      ),
    ),
    Promise.all(
      expected.queues.map(async (queue) => {
        const found = await deployment.queue(queue.region, queue.name);
        return check("queue", queue.name, queue.region, judgeQueue(queue, found, place));
      }),
    ),
    deployment.schedule(expected.schedule.name),
    expected.hub ? deployment.hub() : undefined,
    Promise.all(
      expected.topics.map(async (topic) => {
        const found = await deployment.subscribers(topic.region, topic.arn);
        const name = topic.arn.slice(topic.arn.lastIndexOf(":") + 1);
        return check("topic", name, topic.region, judgeTopic(topic, found));
      }),
    ),
  ]);
  const respond = functions.find(({ each }) => each.purpose === "respond")?.found;
  return [
    ...surroundings,
    ...rules,
    ...queues,
    ...functions.map(({ each, found }) =>
      check("function", each.name, home, judgeFunction(each, found, home)),
    ),
    ...tables.map(({ each, found }) => check("table", each.name, home, judgeTable(each, found, home, place))),
    check("schedule", expected.schedule.name, home, judgeSchedule(expected, schedule)),
    ...(hub ? [check("hub", "Security Hub", home, judgeHub(expected, hub))] : []),
    ...topics,
    check(
      "configuration",
      "configuration",
      home,
      judgeConfiguration(configuration.fingerprint, descriptionOf(respond), configuration.file),
    ),
    check("configuration", "version", home, judgeVersion(configuration.version, descriptionOf(respond))),
  ];
}

function isAbsent(found: Read<DeployedFunction | DeployedTable>): boolean {
  return found.status === "absent";
}

function descriptionOf(respond: Read<DeployedFunction> | undefined): Read<string> {
  if (respond?.status !== "read") return respond ?? { status: "absent" };
  return { status: "read", value: respond.value.description };
}

async function examineRule(rule: ExpectedRule, deployment: DoctorPorts["deployment"]): Promise<Verdict> {
  const found = await deployment.rule(rule);
  const matches =
    found.status === "read"
      ? await deployment.matches(rule.region, found.value.pattern, rule.sample)
      : ({ status: "absent" } as const);
  return judgeRule(rule, found, matches);
}
