/** What the read of one deployed resource, or of one of its settings, returned. */
export type Read<Value> =
  | { readonly status: "read"; readonly value: Value }
  | { readonly status: "absent" }
  /** `why`: the reason, in sentences. */
  | { readonly status: "unknown"; readonly why: string };

/** One condition of an advanced event selector. */
export interface SelectorField {
  /** Such as `readOnly`. */
  readonly field: string;
  readonly equals: readonly string[];
  readonly notEquals: readonly string[];
  /** Whether it has an operator besides these two, such as `StartsWith`. */
  readonly hasOther: boolean;
}

/** Which events a trail logs: an event selector, or an advanced one, whose fields must all match. */
export type TrailSelector =
  | {
      readonly kind: "basic";
      /** `All`, `WriteOnly` or `ReadOnly`. */
      readonly readWrite: string;
      readonly management: boolean;
      /** Such as `kms.amazonaws.com`. */
      readonly excludedSources: readonly string[];
    }
  | { readonly kind: "advanced"; readonly fields: readonly SelectorField[] };

/** A trail that applies to a Region, also one of another Region or of the organization. */
export interface DeployedTrail {
  readonly arn: string;
  /** Whether it logs the events of global services, such as IAM. */
  readonly globalServices: boolean;
  /** Whether it logs in the Region. */
  readonly logging: Read<boolean>;
  readonly selectors: Read<readonly TrailSelector[]>;
}

/** A target of a rule. */
export interface DeployedTarget {
  readonly arn: string;
  /** ARN of its dead-letter queue; left out if it has none. */
  readonly deadLetters?: string;
}

/** A rule of EventBridge. */
export interface DeployedRule {
  /** Such as `ENABLED`. */
  readonly state: string;
  /** JSON text. */
  readonly pattern: string;
  readonly targets: Read<readonly DeployedTarget[]>;
}

/** A queue of SQS. */
export interface DeployedQueue {
  /** About how many messages it holds: those that wait, are being processed, or are delayed. */
  readonly messages: number;
  /** JSON text; left out if it has none. */
  readonly policy?: string;
  /** ARN of its dead-letter queue; left out if it has none. */
  readonly deadLetters?: string;
}

/** What feeds a function: an event source mapping. */
export interface DeployedMapping {
  /** ARN of the queue or of the stream. */
  readonly source: string;
  /** Such as `Enabled`. */
  readonly state: string;
  /** What Lambda said last about a stream, such as `OK`; left out if nothing. */
  readonly lastResult?: string;
}

/** A function of Lambda. */
export interface DeployedFunction {
  /** Such as `Active`. */
  readonly state: string;
  /** Such as `Successful`; left out before the first update. */
  readonly lastUpdate?: string;
  readonly description: string;
  /** The reserved concurrency; `undefined` in the value where none is reserved. */
  readonly reserved: Read<{ readonly concurrency: number | undefined }>;
  readonly mappings: Read<readonly DeployedMapping[]>;
}

/** A table of DynamoDB. */
export interface DeployedTable {
  /** Such as `ACTIVE`. */
  readonly state: string;
  /** ARN of its enabled stream; left out if it has none. */
  readonly stream?: string;
  /** Whether point-in-time recovery is on. */
  readonly recovery: Read<boolean>;
  /** The resource policy, JSON text. */
  readonly policy: Read<string>;
}

/** A schedule of EventBridge Scheduler. */
export interface DeployedSchedule {
  /** Such as `ENABLED`. */
  readonly state: string;
  /** ARN of what it invokes. */
  readonly target: string;
}

/** Whose credentials read the deployment, and the time of this machine beside that of AWS. */
export interface ReaderIdentity {
  readonly arn: string;
  /** How many seconds this machine's clock is ahead of AWS's; negative if it is behind. */
  readonly aheadSeconds: number;
}
