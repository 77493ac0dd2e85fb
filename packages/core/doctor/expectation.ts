import { appName, type DeploymentPlace, locateDeployment, nameResource } from "../config/deployment.ts";
import type { FunctionName } from "../config/environment.ts";
import { watchedCalls } from "../intake/watched-calls.ts";
import { iamRegionOf } from "../model/iam-region.ts";
import {
  type SampleEvent,
  sampleBlindingCall,
  sampleBlockedQueue,
  sampleCall,
  sampleFailedJob,
  sampleHubEvent,
  sampleTransition,
  type WatchedKind,
} from "./samples.ts";

/** A rule that the stack creates. */
export interface ExpectedRule {
  readonly name: string;
  readonly region: string;
  readonly arn: string;
  /** Name of its bus; left out for the default bus. */
  readonly bus?: string;
  /** ARN of its target: a queue, a topic, or the default bus of the guard's Region. */
  readonly target: string;
  /** An event that it must match. */
  readonly sample: SampleEvent;
  /** The calls that its pattern must name; left out for a rule of other events. */
  readonly calls?: readonly string[];
}

/** A queue that the stack creates. */
export interface ExpectedQueue {
  readonly name: string;
  readonly region: string;
  readonly arn: string;
  /** ARNs of the rules that send to it. */
  readonly rules: readonly string[];
  /** Whether its policy must deny sending to everybody but the guard. */
  readonly guarded: boolean;
  /** ARN of its dead-letter queue; left out for a dead-letter queue. */
  readonly deadLetters?: string;
  /** For a dead-letter queue: its alarm in docs/alarms.md. */
  readonly alarm?: string;
}

/** A function that the stack creates. */
export interface ExpectedFunction {
  readonly name: string;
  readonly purpose: FunctionName;
  /** ARNs of the queues that feed it. */
  readonly queues: readonly string[];
  /** Name of the table whose stream feeds it. */
  readonly streamOf?: string;
}

/** A table that the stack creates. */
export interface ExpectedTable {
  readonly name: string;
  readonly arn: string;
  readonly hasStream: boolean;
}

/** A topic that the stack creates. */
export interface ExpectedTopic {
  readonly arn: string;
  readonly region: string;
  /**
   * What people hear by it: the guard's messages and alarms, the alarms of another Region, or calls that can blind the guard.
   */
  readonly carries: "messages" | "alarms" | "blinding calls";
}

/** What a deployed guard consists of, as far as `doctor` reads it. */
export interface ExpectedDeployment {
  readonly place: DeploymentPlace;
  /** The Regions in which a trail must log, and the services whose calls must be in it. */
  readonly trails: readonly { readonly region: string; readonly sources: readonly string[] }[];
  readonly rules: readonly ExpectedRule[];
  readonly queues: readonly ExpectedQueue[];
  readonly functions: readonly ExpectedFunction[];
  readonly tables: readonly ExpectedTable[];
  readonly schedule: { readonly name: string; readonly target: string };
  readonly topics: readonly ExpectedTopic[];
  /** Whether findings go to Security Hub. */
  readonly hub: boolean;
}

/** What the configuration says of the deployment. */
export interface DeploymentChoice {
  readonly batchRegions: readonly string[];
  /** The Regions whose events are forwarded to the guard's, with the services. */
  readonly forwarded: readonly { readonly region: string; readonly services: readonly ("iam" | "batch")[] }[];
  readonly securityHub: boolean;
  /** Whether rollback is deployed. */
  readonly rollback: boolean;
}

/** The queues that feed a function, and the dead-letter queues of other deliveries (`feeds` left out). */
interface Channel {
  readonly purpose: string;
  readonly alarm: string;
  readonly feeds?: FunctionName;
  readonly guarded?: boolean;
  readonly part?: "securityHub" | "rollback";
}

const channels: readonly Channel[] = [
  { purpose: "changes", alarm: "ChangesMissed", feeds: "detect", guarded: true },
  { purpose: "symptoms", alarm: "SymptomsMissed", feeds: "detect", guarded: true },
  { purpose: "lookups", alarm: "LookupsMissed", feeds: "lookup", guarded: true },
  { purpose: "notify", alarm: "NotifyMissed", feeds: "notify" },
  { purpose: "security-hub", alarm: "SecurityHubMissed", feeds: "securityhub", part: "securityHub" },
  {
    purpose: "hub-answers",
    alarm: "HubAnswersMissed",
    feeds: "securityhub",
    guarded: true,
    part: "securityHub",
  },
  { purpose: "rollback", alarm: "RollbackMissed", feeds: "rollback", guarded: true, part: "rollback" },
  { purpose: "stream", alarm: "StreamMissed" },
  { purpose: "sweep", alarm: "SweepMissed" },
];

/** A rule by its purpose, the queue that it sends to, and a sample of its events. */
interface RuleKind {
  readonly purpose: string;
  readonly queue: string;
  readonly sample: SampleEvent;
  readonly calls?: readonly string[];
  readonly onBus?: boolean;
  readonly part?: "securityHub" | "rollback";
}

const inRegion = (region: string) => ({ region });

/** Returns what the stack creates for this configuration; `test/infra` compares it with the synthesised stack. */
export function expectDeployment(place: DeploymentPlace, choice: DeploymentChoice): ExpectedDeployment {
  const { region: home, account, partition, stage } = place;
  const deployment = locateDeployment(place);
  const hasPart = ({ part }: Pick<Channel, "part">) => part === undefined || choice[part];
  const queueName = (purpose: string, region?: string) =>
    nameResource("queue", purpose, { stage, ...(region !== undefined && inRegion(region)) });
  const arnOfQueue = (name: string, region = home) => `arn:${partition}:sqs:${region}:${account}:${name}`;
  const rule = (
    { purpose, sample, calls, onBus = false }: Omit<RuleKind, "queue">,
    target: string,
    region?: string,
  ): ExpectedRule => {
    const name = nameResource("rule", purpose, { stage, ...(region !== undefined && inRegion(region)) });
    const bus = onBus ? `${deployment.bus}/` : "";
    return {
      name,
      region: region ?? home,
      arn: `arn:${partition}:events:${region ?? home}:${account}:rule/${bus}${name}`,
      ...(onBus && { bus: deployment.bus }),
      target,
      sample,
      ...(calls !== undefined && { calls }),
    };
  };

  const present = channels.filter(hasPart);
  const own = listRules(place, home)
    .filter(hasPart)
    .map((kind) => ({ queue: kind.queue, rule: rule(kind, arnOfQueue(queueName(kind.queue))) }));
  const defaultBus = `arn:${partition}:events:${home}:${account}:event-bus/default`;
  const forwarding = choice.forwarded.map(({ region, services }) => ({
    region,
    rules: listRules(place, region)
      .filter(({ purpose }) => forwardedBy(services).includes(purpose))
      .map((kind) => rule(kind, defaultBus, region)),
  }));
  const arnOfTopic = (purpose: string, region?: string) =>
    `arn:${partition}:sns:${region ?? home}:${account}:${nameResource("topic", purpose, { stage, ...(region !== undefined && inRegion(region)) })}`;
  const regions = [undefined, ...choice.forwarded.map(({ region }) => region)];
  const watches = regions.map((region) => ({
    region,
    rules: listWatchRules(place, region).map(({ topic, ...kind }) =>
      rule(kind, arnOfTopic(topic, region), region),
    ),
  }));
  const functions = listFunctions(choice);
  return {
    place,
    trails: listTrails(place, choice),
    rules: [...own.map((each) => each.rule), ...[...forwarding, ...watches].flatMap(({ rules }) => rules)],
    queues: [
      ...present.flatMap(({ purpose, alarm, feeds, guarded = false }): readonly ExpectedQueue[] => {
        const rules = own.filter(({ queue }) => queue === purpose).map((each) => each.rule.arn);
        const missed = queueName(`${purpose}-missed`);
        const deadLetter = {
          name: missed,
          region: home,
          arn: arnOfQueue(missed),
          rules,
          guarded: false,
          alarm,
        };
        if (feeds === undefined) return [deadLetter];
        const name = queueName(purpose);
        const deadLetters = deadLetter.arn;
        return [{ name, region: home, arn: arnOfQueue(name), rules, guarded, deadLetters }, deadLetter];
      }),
      ...forwarding.map(({ region, rules }) => {
        const name = queueName("forward-missed", region);
        const arn = arnOfQueue(name, region);
        return {
          name,
          region,
          arn,
          rules: rules.map((each) => each.arn),
          guarded: false,
          alarm: "ForwardMissed",
        };
      }),
      ...watches.map(({ region, rules }) => {
        const name = queueName("watch-missed", region);
        return {
          name,
          region: region ?? home,
          arn: arnOfQueue(name, region),
          rules: rules.map((each) => each.arn),
          guarded: false,
          alarm: "WatchMissed",
        };
      }),
    ],
    functions: functions.map((purpose) => ({
      name: nameResource("function", purpose, { stage }),
      purpose,
      queues: present
        .filter(({ feeds }) => feeds === purpose)
        .map((channel) => arnOfQueue(queueName(channel.purpose))),
      ...(purpose === "publish" && { streamOf: deployment.findings }),
    })),
    tables: [
      { name: deployment.findings, hasStream: true },
      { name: deployment.control, hasStream: false },
    ].map((table) => ({
      ...table,
      arn: `arn:${partition}:dynamodb:${home}:${account}:table/${table.name}`,
    })),
    schedule: {
      name: nameResource("schedule", "sweep", { stage }),
      target: deployment.arnOfFunction("sweep"),
    },
    topics: regions.flatMap((region): readonly ExpectedTopic[] => [
      {
        arn: arnOfTopic("alerts", region),
        region: region ?? home,
        carries: region === undefined ? "messages" : "alarms",
      },
      { arn: arnOfTopic("watch", region), region: region ?? home, carries: "blinding calls" },
    ]),
    hub: choice.securityHub,
  };
}

function listFunctions({ securityHub, rollback }: DeploymentChoice): readonly FunctionName[] {
  return [
    "detect",
    "sweep",
    "lookup",
    "publish",
    "notify",
    ...(securityHub ? (["securityhub"] as const) : []),
    "respond",
    ...(rollback ? (["rollback"] as const) : []),
  ];
}

function listRules(place: DeploymentPlace, region: string): readonly RuleKind[] {
  const at = { account: place.account, region };
  return [
    { purpose: "iam", queue: "changes", sample: sampleCall("iam", at), calls: watchedCalls.iam },
    { purpose: "batch", queue: "changes", sample: sampleCall("batch", at), calls: watchedCalls.batch },
    { purpose: "failed-jobs", queue: "symptoms", sample: sampleFailedJob(at) },
    { purpose: "blocked-queues", queue: "symptoms", sample: sampleBlockedQueue(at) },
    { purpose: "notify", queue: "notify", sample: sampleTransition(at), onBus: true },
    {
      purpose: "security-hub",
      queue: "security-hub",
      sample: sampleTransition(at),
      onBus: true,
      part: "securityHub",
    },
    { purpose: "hub-events", queue: "hub-answers", sample: sampleHubEvent(place), part: "securityHub" },
    { purpose: "rollback", queue: "rollback", sample: sampleTransition(at), onBus: true, part: "rollback" },
  ];
}

/** Returns the purposes of the rules that forward these services' events. */
function forwardedBy(services: readonly ("iam" | "batch")[]): readonly string[] {
  return services.flatMap((service) =>
    service === "iam" ? ["iam"] : ["batch", "failed-jobs", "blocked-queues"],
  );
}

/** Lists the rules of the watch in the guard's Region, or in another one, with the topic that each publishes to. */
function listWatchRules(
  place: DeploymentPlace,
  region?: string,
): readonly (Pick<RuleKind, "purpose" | "sample"> & { readonly topic: string })[] {
  const { partition, account, stage } = place;
  const at = { account, partition, region: region ?? place.region };
  const roles: readonly WatchedKind[] = iamRegionOf(partition) === at.region ? ["roles"] : [];
  const kinds: readonly WatchedKind[] = [
    ...(["rules", "queues", "topics", "alarms", "trails"] as const),
    ...(region === undefined ? (["tables", "functions", "schedules"] as const) : []),
    ...roles,
  ];
  const prefix = `${appName}-${stage}-`;
  return [
    ...kinds.map((kind) => ({
      purpose: `watch-${kind}`,
      topic: "watch",
      sample: sampleBlindingCall(kind, prefix, at),
    })),
    ...(["rules", "topics", ...roles] as const).map((kind) => ({
      purpose: `watch-self-${kind}`,
      topic: "alerts",
      sample: sampleBlindingCall(kind, `${prefix}watch`, at),
    })),
  ];
}

function listTrails(
  { partition, region: home }: DeploymentPlace,
  { batchRegions }: DeploymentChoice,
): ExpectedDeployment["trails"] {
  const iamRegion = iamRegionOf(partition);
  return [...new Set([home, iamRegion, ...batchRegions])].sort().map((region) => ({
    region,
    sources: [
      // Calls on the guard's own rules, which the watch reports.
      "events.amazonaws.com",
      ...(region === iamRegion ? ["iam.amazonaws.com"] : []),
      ...(batchRegions.includes(region) ? ["batch.amazonaws.com"] : []),
    ],
  }));
}
