import { HubDisabledError } from "@drift-guard/core/errors";
import type { HubWorkflow } from "@drift-guard/core/model/hub";
import type { Transition } from "@drift-guard/core/model/transition";
import type { FindingImporter, HubWorkflows } from "@drift-guard/core/ports";

/** A Security Hub in memory, with what its users set. */
export interface MemoryHub {
  readonly importer: FindingImporter;
  readonly workflows: HubWorkflows;
  /** Ids of the findings of each import that the hub took. */
  readonly imported: string[][];
  /** Ids of the findings whose workflow the guard set to NEW. */
  readonly renewed: string[];
  /** The number of imports that were tried. */
  tries(): number;
  /** The number of times that workflows were read. */
  reads(): number;
  /** Sets a finding's workflow, as a user does. */
  set(findingId: string, workflow: HubWorkflow): void;
  workflowOf(findingId: string): HubWorkflow | undefined;
  turn(state: "on" | "off"): void;
}

/** Creates a hub that is enabled, and refuses the findings with these ids. */
export function aMemoryHub(...refused: readonly string[]): MemoryHub {
  const imported: string[][] = [];
  const renewed: string[] = [];
  const workflows = new Map<string, HubWorkflow>();
  let isOn = true;
  let tries = 0;
  let reads = 0;
  const check = () => {
    if (!isOn) throw new HubDisabledError("Security Hub is not enabled.");
  };
  return {
    imported,
    renewed,
    tries: () => tries,
    reads: () => reads,
    set: (id, workflow) => workflows.set(id, workflow),
    workflowOf: (id) => workflows.get(id),
    turn: (state) => {
      isOn = state === "on";
    },
    importer: {
      import: async (deliveries) => {
        tries += 1;
        check();
        const ids = deliveries.map(({ transition }) => transition.finding.id);
        const taken = ids.filter((id) => !refused.includes(id));
        for (const id of taken) workflows.set(id, workflows.get(id) ?? "NEW");
        imported.push(taken);
        return new Map(ids.filter((id) => refused.includes(id)).map((id) => [id, "InvalidInput"]));
      },
    },
    workflows: {
      read: async (ids) => {
        reads += 1;
        check();
        return new Map(
          ids.flatMap((id) => {
            const workflow = workflows.get(id);
            return workflow === undefined ? [] : [[id, workflow] as const];
          }),
        );
      },
      renew: async (ids) => {
        check();
        renewed.push(...ids);
        for (const id of ids) workflows.set(id, "NEW");
        return new Map();
      },
    },
  };
}

/** The body of the message that the rule sends for an event of Security Hub about the finding of a transition. */
export function hubMessage(
  { id, finding }: Transition,
  workflow: HubWorkflow,
  over: {
    readonly type?: string;
    readonly action?: string;
    readonly eventId?: string;
    readonly finding?: object;
  } = {},
): string {
  const { account, name } = finding.role;
  return JSON.stringify({
    version: "0",
    id: over.eventId ?? "8e5622f9-d81c-4d81-612a-9319e7ee2506",
    "detail-type": over.type ?? "Security Hub Findings - Imported",
    source: "aws.securityhub",
    account,
    time: "2026-11-22T12:00:00Z",
    region: "us-east-1",
    resources: [],
    detail: {
      ...(over.action !== undefined && { actionName: over.action, actionDescription: "" }),
      findings: [
        {
          SchemaVersion: "2018-10-08",
          Id: `drift-guard/${account}/${finding.id}`,
          ProductArn: `arn:aws:securityhub:us-east-1:${account}:product/${account}/default`,
          GeneratorId: "drift-guard/drift/managed/excess",
          AwsAccountId: account,
          Workflow: { Status: workflow },
          ProductFields: { "drift-guard/TransitionId": id, "aws/securityhub/ProductName": "Default" },
          Resources: [
            { Type: "AwsIamRole", Id: "arn", Details: { AwsIamRole: { RoleName: name } } },
            { Type: "AwsIamPolicy", Id: "arn" },
          ],
          ...over.finding,
        },
      ],
    },
  });
}
