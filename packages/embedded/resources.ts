import type { ResourceFacts } from "@drift-guard/core/model/resource-facts";
import type { ResourceReader } from "@drift-guard/core/ports";

/** The policies and keys of secrets, parameters and keys of a simulated account. Values are not stored. */
export interface SimulatedResources {
  /** Stores the facts of a resource under its full ARN. */
  set(arn: string, facts: ResourceFacts): void;
  readonly reader: ResourceReader;
}

/** Creates an account's resources. There are none until `set` is called. */
export function createSimulatedResources(): SimulatedResources {
  const known = new Map<string, ResourceFacts>();
  return {
    set: (arn, facts) => void known.set(arn, facts),
    reader: {
      facts: async (requested) => {
        const exact = known.get(requested);
        if (exact) return exact;
        const found = [...known].find(([arn]) => isPartial(requested, arn));
        return found && { ...found[1], arn: found[0] };
      },
    },
  };
}

// A secret's ARN lacks its random suffix, or ends in six question marks in its place (docs/aws-facts.md, "Secrets, parameters
// and keys").
function isPartial(requested: string, arn: string): boolean {
  const name = arn.replace(/-[A-Za-z0-9]{6}$/, "");
  return name !== arn && (requested === name || requested === `${name}-??????`);
}
