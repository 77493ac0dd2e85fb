import { listBatchRegions } from "@drift-guard/core/batch/regions";
import type { RoleUse } from "@drift-guard/core/batch/role-use";
import { parseArn } from "@drift-guard/core/model/arn";
import type { Undecided } from "@drift-guard/core/model/evidence";
import { partOf } from "@drift-guard/core/model/part";
import type { ResourceFacts } from "@drift-guard/core/model/resource-facts";
import type { InspectPorts } from "../ports.ts";

/** Anyone who may register job definitions can name secrets: the lookups for one role are bounded. */
const limits = { lookups: 300, parallel: 10, milliseconds: 10_000 };

/** The facts that a role's needs are judged by. */
export interface FactsReading {
  /** By ARN; what is absent could not be read. */
  readonly facts: ReadonlyMap<string, ResourceFacts>;
  /** Set if resources were not looked up at all: says how many and why. */
  readonly omitted?: Undecided;
}

/**
 * Reads the secrets and parameters that uses need, and the keys that encrypt them: at most 300, ten at once, none after
 * ten seconds, and none in a region that neither AWS Batch nor a use has. Without `resources`, all count as unread.
 */
export async function readFacts(
  uses: readonly RoleUse[],
  { resources, now }: Pick<InspectPorts, "resources"> & Partial<Pick<InspectPorts, "now">>,
): Promise<FactsReading> {
  const facts = new Map<string, ResourceFacts>();
  if (!resources) return { facts };
  const wanted = new Set(
    uses.flatMap((use) =>
      use.kind === "job-definition"
        ? use.needs.flatMap(({ resource, what }) => (what === "log" ? [] : [resource]))
        : [],
    ),
  );
  const regions = new Set(uses.map(({ region }) => region));
  const elsewhere = [...wanted].filter((arn) => !isInKnownRegion(arn, regions));
  for (const arn of elsewhere) wanted.delete(arn);
  const begun = now?.().getTime() ?? 0;
  const queue = [...wanted];
  let lookups = 0;
  const lookUp = async () => {
    for (;;) {
      const isOver = (now?.().getTime() ?? 0) - begun >= limits.milliseconds;
      const arn = queue[lookups];
      if (isOver || arn === undefined || lookups === limits.lookups) return;
      lookups += 1;
      const found = await resources.facts(arn);
      if (!found) continue;
      facts.set(arn, found);
      if (!found.key || wanted.has(found.key) || !isInKnownRegion(found.key, regions)) continue;
      wanted.add(found.key);
      queue.push(found.key);
    }
  };
  await Promise.all(Array.from({ length: limits.parallel }, lookUp));
  const left = queue.length - lookups;
  const reasons = [
    ...(left > 0
      ? [
          `${left} secrets, parameters and keys that job definitions need were not looked up: they are too many.`,
        ]
      : []),
    ...(elsewhere.length > 0
      ? [
          `${elsewhere.length} secrets and parameters were not looked up: their ARNs name regions that AWS Batch is not known to have, such as ${parseArn(elsewhere[0] ?? "")?.region}.`,
        ]
      : []),
  ];
  return {
    facts,
    ...(reasons.length > 0 && { omitted: { kind: "undecided", part: partOf("permissions"), reasons } }),
  };
}

function isInKnownRegion(arn: string, regions: ReadonlySet<string>): boolean {
  const { partition = "", region = "" } = parseArn(arn) ?? {};
  return regions.has(region) || listBatchRegions(partition).includes(region);
}
