import type { Config } from "@drift-guard/core/config/config";
import { type DeploymentPlace, locateDeployment } from "@drift-guard/core/config/deployment";
import { findFingerprint, fingerprintOf } from "@drift-guard/core/config/fingerprint";
import { UsageError } from "../command.ts";

/** The configuration by which a command judges a guard, and whether it is the guard's own. */
export interface JudgedBy {
  /** The file, or `the default`. */
  readonly file: string;
  /** Whether the guard was deployed with the same configuration; left out for an embedded guard, which no deployment tells. */
  readonly deployed?: "same" | "other" | "unknown";
  /** Why it is unknown, as a sentence. */
  readonly why?: string;
}

/**
 * Asks a deployed guard whether it has this configuration. Costs one call of Lambda. Throws `UsageError` if there is no guard of
 * the stage.
 */
export async function compareDeployed(
  config: Config,
  place: DeploymentPlace,
): Promise<Pick<JudgedBy, "deployed" | "why">> {
  const [{ GetFunctionConfigurationCommand, LambdaClient }, { errorCodeOf, formatFailure }] =
    await Promise.all([import("@aws-sdk/client-lambda"), import("@drift-guard/aws/failure")]);
  const { respond } = locateDeployment(place);
  const client = new LambdaClient({ region: place.region });
  try {
    const { Description = "" } = await client.send(
      new GetFunctionConfigurationCommand({ FunctionName: respond }),
    );
    const fingerprint = findFingerprint(Description);
    if (fingerprint === undefined) return { deployed: "unknown", why: "The guard is of an earlier version." };
    return { deployed: fingerprint === fingerprintOf(config) ? "same" : "other" };
  } catch (cause) {
    if (errorCodeOf(cause) === "ResourceNotFound") {
      throw new UsageError(
        `There is no guard of the stage ${place.stage} in ${place.region}: the function ${respond} does not exist.`,
        { cause },
      );
    }
    return { deployed: "unknown", why: formatFailure(cause, "lambda:GetFunctionConfiguration") };
  } finally {
    client.destroy();
  }
}

/** Returns what a person should know about the configuration that they are shown the guard by, as sentences; undefined if it is the guard's own. */
export function warnOfConfiguration({ file, deployed, why }: JudgedBy): string | undefined {
  switch (deployed) {
    case "other":
      return `Careful: the guard was deployed with another configuration than ${file}, or by another version. The modes and roles that are shown here may not be the guard's: use the configuration that was deployed (--config FILE).`;
    case "unknown":
      return `Whether the guard was deployed with ${file} is not known. ${why ?? ""}`.trim();
    case "same":
    case undefined:
      return undefined;
  }
}
