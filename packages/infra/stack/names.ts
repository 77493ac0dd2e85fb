/// <reference path="../../../.sst/platform/config.d.ts" />
import { type NamedKind, nameResource } from "@drift-guard/core/config/deployment";

/**
 * Returns the physical name of a resource of this stack, by its component's name, such as `ChangesMissed`. A resource
 * outside the guard's region has its region in the name. Throws `ConfigError` where the name is too long.
 */
export function nameIn(kind: NamedKind, component: string, region?: string): string {
  const purpose = component.replaceAll(/(?<=[a-z])(?=[A-Z0-9])/g, "-").toLowerCase();
  return nameResource(kind, purpose, {
    app: $app.name,
    stage: $app.stage,
    ...(region !== undefined && { region }),
  });
}

/** Namespace of the metrics of this deployment's functions, which have the dimension `service`: the function's name. */
export const metricsNamespace = `${$app.name}-${$app.stage}`;

/** Beginning of the names of this deployment's resources, and of those of a stage that is called like this one and a hyphen. */
export const namePrefix = `${$app.name}-${$app.stage}-`;

/** Returns the name of a component in the stack: `AlertsInEuWest1` for `Alerts` in `eu-west-1`. */
export function componentIn(component: string, region?: string): string {
  const words = region?.split("-").map((word) => word.charAt(0).toUpperCase() + word.slice(1)) ?? [];
  return words.length === 0 ? component : `${component}In${words.join("")}`;
}

/**
 * Replaces a resource by deleting it first: with its fixed name, a second one cannot exist beside it. EventBridge also
 * takes a target of the same id for the same target, so that deleting the old one would delete the new one.
 */
export const replaceable: $util.CustomResourceOptions = { deleteBeforeReplace: true };

/**
 * Has Pulumi refuse an update that would delete or replace the resource, with what it holds. A deployment with the
 * environment variable `DRIFT_GUARD_UNPROTECT=1` lifts that, so that the stage can be removed.
 */
export const irreplaceable: $util.CustomResourceOptions = {
  protect: process.env.DRIFT_GUARD_UNPROTECT !== "1",
};

/** Returns a transformation of a component's resource that sets some arguments and options, the options over the component's. */
export function settingBoth<Args extends object>(
  settings: Partial<Args>,
  options: $util.CustomResourceOptions,
) {
  return (args: Args, given: $util.CustomResourceOptions): undefined => {
    Object.assign(args, settings);
    Object.assign(given, options);
  };
}
