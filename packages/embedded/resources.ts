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
        const found = [...known].find(([arn]) => matchesArn(arn, requested));
        return found?.[1];
      },
    },
  };
}

// A secret's ARN whose random suffix is unknown ends in six question marks (docs/aws-facts.md, "Secrets, parameters and
// keys").
function matchesArn(arn: string, requested: string): boolean {
  if (arn === requested) return true;
  return (
    requested.endsWith("-??????") &&
    arn.slice(0, -6) === requested.slice(0, -6) &&
    arn.length === requested.length
  );
}
