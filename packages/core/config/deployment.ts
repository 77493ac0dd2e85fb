import { ConfigError } from "../errors.ts";
import type { FunctionName } from "./environment.ts";

/** Name of SST's app, with which the names of its resources begin. */
export const appName = "drift-guard";

/** Where one guard is deployed. An account holds one guard for each stage. */
export interface DeploymentPlace {
  /** Name of SST's stage, such as `production`. */
  readonly stage: string;
  /** The guard's region, `regions.guard` of the configuration. */
  readonly region: string;
  /** 12 digits. */
  readonly account: string;
  /** Such as `aws`. */
  readonly partition: string;
}

/** Most characters of a resource's name, by kind (docs/aws-facts.md, "Lengths of names"). */
export const nameLengths = {
  role: 64,
  policy: 128,
  function: 64,
  queue: 80,
  rule: 64,
  target: 64,
  schedule: 64,
  table: 255,
  topic: 256,
  bus: 256,
  alarm: 255,
} as const satisfies Record<string, number>;

/** A kind of resource that has a name. */
export type NamedKind = keyof typeof nameLengths;

/**
 * Returns the name of a resource: `<app>-<stage>-<purpose>`, and `-<region>` after it where `region` is given, which
 * resources outside the guard's region have. Throws `ConfigError` where AWS allows no name of this length, or where the
 * stage holds a character that a name cannot hold.
 */
export function nameResource(
  kind: NamedKind,
  purpose: string,
  {
    app = appName,
    stage,
    region,
  }: { readonly app?: string; readonly stage: string; readonly region?: string },
): string {
  if (!/^[A-Za-z0-9-]+$/.test(stage))
    throw new ConfigError(
      `The stage ${JSON.stringify(stage)} becomes part of the names of resources: use letters, digits and hyphens only.`,
    );
  const name = [app, stage, purpose, ...(region === undefined ? [] : [region])].join("-");
  const excess = name.length - nameLengths[kind];
  if (excess > 0)
    throw new ConfigError(
      `The ${kind} ${name} would have a name of ${name.length} characters, and AWS allows ${nameLengths[kind]}.\n${
        excess < stage.length
          ? `Shorten the stage ${stage} by ${excess} ${excess === 1 ? "character" : "characters"}.`
          : `Shorten the name of the app in sst.config.ts, ${app}.`
      }`,
    );
  return name;
}

/**
 * Returns the stage of a deployment from the name of one of its functions; undefined for a name that `nameResource` does not
 * make.
 */
export function stageOf(functionName: string, purpose: FunctionName): string | undefined {
  const [start, end] = [`${appName}-`, `-${purpose}`];
  if (!functionName.startsWith(start) || !functionName.endsWith(end)) return undefined;
  return functionName.slice(start.length, -end.length) || undefined;
}

/** The names by which a person's tools find what is deployed. */
export interface Deployment extends DeploymentPlace {
  /** Table of ledgers and transitions. */
  readonly findings: string;
  /** Table of people's decisions and of rollback's record. */
  readonly control: string;
  /** The guard's own event bus. */
  readonly bus: string;
  /** ARN of the topic that people subscribe to. */
  readonly topic: string;
  /** Queue of changes and rechecks. */
  readonly changes: string;
  /** ARN of the function that takes the answers of people: approvals, exceptions, pauses. */
  readonly respond: string;
  /** Returns the ARN of a function. */
  arnOfFunction(name: FunctionName): string;
  /** Returns the ARN of the role that a function runs as. */
  arnOfFunctionRole(name: FunctionName): string;
}

/**
 * Returns the names of a deployment's resources. They are computed, and nothing is read: whether the guard is deployed
 * there is known from the first call on one of them. Throws `ConfigError` for a stage that no deployment can have.
 */
export function locateDeployment(place: DeploymentPlace): Deployment {
  const { region, account, partition } = place;
  const name = (kind: NamedKind, purpose: string) => nameResource(kind, purpose, { stage: place.stage });
  const functionArn = (purpose: string) =>
    `arn:${partition}:lambda:${region}:${account}:function:${name("function", purpose)}`;
  return {
    ...place,
    findings: name("table", "findings"),
    control: name("table", "control"),
    bus: name("bus", "bus"),
    topic: `arn:${partition}:sns:${region}:${account}:${name("topic", "alerts")}`,
    changes: name("queue", "changes"),
    respond: functionArn("respond"),
    arnOfFunction: functionArn,
    arnOfFunctionRole: (each) => `arn:${partition}:iam::${account}:role/${name("role", each)}`,
  };
}
