import { setTimeout as sleep } from "node:timers/promises";
import {
  GenerateServiceLastAccessedDetailsCommand,
  GetServiceLastAccessedDetailsCommand,
  type IAMClient,
  type ServiceLastAccessed,
} from "@aws-sdk/client-iam";
import type { ServiceUse } from "@drift-guard/core/linked-role/linked-role";
import { instantOf } from "@drift-guard/core/model/instant";
import { type Observed, seen, unseen } from "@drift-guard/core/model/role";
import { formatFailure } from "../failure.ts";

/** How to poll for a report that IAM prepares. */
export interface ReportPolling {
  /** Waits between two polls. */
  pause(milliseconds: number): Promise<unknown>;
  /** The number of polls after which the report counts as missing. */
  readonly maxPolls: number;
}

const defaultPolling: ReportPolling = { pause: (milliseconds) => sleep(milliseconds), maxPolls: 30 };
const pauseMs = 1000;

/**
 * Reads the service last accessed data of a role (R26), latest first. IAM prepares a report:
 * `iam:GenerateServiceLastAccessedDetails` starts the report, and `iam:GetServiceLastAccessedDetails` returns its state,
 * polled once a second, and then its pages. Throws nothing: if the data cannot be read, the result says why.
 */
export async function readServiceUses(
  client: IAMClient,
  roleArn: string,
  polling: ReportPolling = defaultPolling,
): Promise<Observed<readonly ServiceUse[]>> {
  let permission = "iam:GenerateServiceLastAccessedDetails";
  try {
    const { JobId } = await client.send(new GenerateServiceLastAccessedDetailsCommand({ Arn: roleArn }));
    if (JobId === undefined) return unseen(`${permission} returned no JobId.`);
    permission = "iam:GetServiceLastAccessedDetails";
    for (let poll = 1; poll <= polling.maxPolls; poll += 1) {
      const report = await client.send(new GetServiceLastAccessedDetailsCommand({ JobId }));
      switch (report.JobStatus) {
        case "COMPLETED":
          return seen(toUses(await readAllPages(client, JobId, report)));
        case "FAILED":
          return unseen(`IAM could not prepare the report: ${report.Error?.Message ?? "it gave no reason"}.`);
        default:
          if (poll < polling.maxPolls) await polling.pause(pauseMs);
      }
    }
    return unseen(
      `IAM had not prepared the report after ${(polling.maxPolls * pauseMs) / 1000} seconds. Try again later.`,
    );
  } catch (error) {
    return unseen(formatFailure(error, permission));
  }
}

async function readAllPages(
  client: IAMClient,
  JobId: string,
  first: {
    readonly ServicesLastAccessed: ServiceLastAccessed[] | undefined;
    readonly Marker?: string | undefined;
  },
): Promise<readonly ServiceLastAccessed[]> {
  const services = [...(first.ServicesLastAccessed ?? [])];
  let marker = first.Marker;
  while (marker) {
    const page = await client.send(new GetServiceLastAccessedDetailsCommand({ JobId, Marker: marker }));
    services.push(...(page.ServicesLastAccessed ?? []));
    marker = page.Marker;
  }
  return services;
}

function toUses(services: readonly ServiceLastAccessed[]): readonly ServiceUse[] {
  return services
    .flatMap(({ ServiceNamespace, LastAuthenticated, LastAuthenticatedRegion }) =>
      ServiceNamespace !== undefined && LastAuthenticated !== undefined
        ? [
            {
              service: ServiceNamespace,
              at: instantOf(LastAuthenticated),
              ...(LastAuthenticatedRegion && { region: LastAuthenticatedRegion }),
            },
          ]
        : [],
    )
    .toSorted((a, b) => b.at.localeCompare(a.at));
}
