import type { Need } from "../batch/role-use.ts";
import type { ResourceFacts } from "../model/resource-facts.ts";

const suffix = /-([A-Za-z0-9]{6})$/;

/**
 * Returns the six characters in which a secret's ARN ends, if it ends like a complete ARN: in a hyphen and six letters or
 * digits. The name of the secret may end so too (docs/aws-facts.md, "Secrets, parameters and keys").
 */
export function suffixOf(secretArn: string): string | undefined {
  return suffix.exec(secretArn)?.[1];
}

/**
 * Returns the resources by which a policy may allow a need: a log group with and without `:*` (T11); a secret by its
 * complete ARN and by the ARN in the definition, which may end in six more characters unless it is known to be complete.
 */
export function resourcesOf({ resource, what }: Need, known: ResourceFacts | undefined): readonly string[] {
  switch (what) {
    case "log":
      return [resource, resource.replace(/:\*$/, "")];
    case "secret":
    case "registry": {
      const isComplete = known !== undefined && known.arn === undefined;
      return [
        ...(known?.arn === undefined ? [] : [known.arn]),
        resource,
        ...(suffixOf(resource) === undefined || isComplete ? [] : [`${resource}-??????`]),
      ];
    }
    case "parameter":
    case "key":
      return [resource];
  }
}
