import {
  BatchUpdateFindingsCommand,
  paginateGetFindings,
  type SecurityHubClient,
} from "@aws-sdk/client-securityhub";
import { type HubPlace, HubWorkflow, hubIdOf, hubProductOf } from "@drift-guard/core/model/hub";
import type { HubWorkflows } from "@drift-guard/core/ports";
import { toHubError } from "./securityhub.ts";

// GetFindings takes 20 values of a filter; BatchUpdateFindings takes 100 findings (docs/aws-facts.md, "Security Hub").
const limits = { read: 20, renewed: 100 };

/**
 * Creates the reader and setter of workflows through `securityhub:GetFindings` and `securityhub:BatchUpdateFindings`. It
 * reads and sets only findings that the guard of this account imported, and sets nothing but `Workflow.Status`, to NEW.
 */
export function createHubWorkflows(client: SecurityHubClient, place: HubPlace): HubWorkflows {
  const ProductArn = hubProductOf(place);
  const hubId = (id: string) => hubIdOf(place.account, id);
  return {
    async read(findingIds) {
      const workflows = new Map<string, HubWorkflow>();
      for (const ids of chunksOf(findingIds, limits.read)) {
        const known = new Map(ids.map((id) => [hubId(id), id]));
        const Filters = {
          ProductArn: [{ Value: ProductArn, Comparison: "EQUALS" as const }],
          Id: [...known.keys()].map((Value) => ({ Value, Comparison: "EQUALS" as const })),
        };
        try {
          for await (const { Findings = [] } of paginateGetFindings(
            { client },
            { Filters, MaxResults: 100 },
          )) {
            for (const { Id, Workflow } of Findings) {
              const id = known.get(Id ?? "");
              const workflow = HubWorkflow.safeParse(Workflow?.Status ?? "NEW");
              if (id !== undefined && workflow.success) workflows.set(id, workflow.data);
            }
          }
        } catch (error) {
          throw toHubError(error, "securityhub:GetFindings");
        }
      }
      return workflows;
    },
    async renew(findingIds) {
      const refused = new Map<string, string>();
      for (const ids of chunksOf(findingIds, limits.renewed)) {
        const known = new Map(ids.map((id) => [hubId(id), id]));
        const FindingIdentifiers = [...known.keys()].map((Id) => ({ Id, ProductArn }));
        try {
          const { UnprocessedFindings = [] } = await client.send(
            new BatchUpdateFindingsCommand({ FindingIdentifiers, Workflow: { Status: "NEW" } }),
          );
          for (const { FindingIdentifier, ErrorCode, ErrorMessage } of UnprocessedFindings) {
            const id = known.get(FindingIdentifier?.Id ?? "");
            if (id !== undefined)
              refused.set(id, `${ErrorCode ?? "no reason given"} ${ErrorMessage ?? ""}`.trimEnd());
          }
        } catch (error) {
          throw toHubError(error, "securityhub:BatchUpdateFindings");
        }
      }
      return refused;
    },
  };
}

function chunksOf<T>(values: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(values.length / size) }, (_, index) =>
    values.slice(index * size, (index + 1) * size),
  );
}
