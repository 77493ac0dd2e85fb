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

/** How a report of IAM's is waited for. */
export interface ReportPolling {
  pause(milliseconds: number): Promise<unknown>;
  /** How often it is looked for before it is given up. */
  readonly looks: number;
}

const patiently: ReportPolling = { pause: (milliseconds) => sleep(milliseconds), looks: 30 };
const betweenLooksMs = 1000;

/**
 * Service last accessed data of a role (R26), the latest first: IAM writes a report, which is then looked for.
 * What cannot be had is not observed, and says why.
 */
export async function readServiceUses(
  client: IAMClient,
  roleArn: string,
  waiting: ReportPolling = patiently,
): Promise<Observed<readonly ServiceUse[]>> {
  let permission = "iam:GenerateServiceLastAccessedDetails";
  try {
    const { JobId } = await client.send(new GenerateServiceLastAccessedDetailsCommand({ Arn: roleArn }));
    if (JobId === undefined) return unseen(`${permission} named no report.`);
    permission = "iam:GetServiceLastAccessedDetails";
    for (let look = 1; look <= waiting.looks; look += 1) {
      const report = await client.send(new GetServiceLastAccessedDetailsCommand({ JobId }));
      switch (report.JobStatus) {
        case "COMPLETED":
          return seen(usesOf(await restOf(client, JobId, report)));
        case "FAILED":
          return unseen(`IAM could not write its report: ${report.Error?.Message ?? "it does not say why"}.`);
        default:
          if (look < waiting.looks) await waiting.pause(betweenLooksMs);
      }
    }
    return unseen(
      `IAM had not written its report after ${(waiting.looks * betweenLooksMs) / 1000} seconds. Try again later.`,
    );
  } catch (error) {
    return unseen(formatFailure(error, permission));
  }
}

async function restOf(
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

function usesOf(services: readonly ServiceLastAccessed[]): readonly ServiceUse[] {
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
