import { HubDisabledError } from "@drift-guard/core/errors";
import { type Instant, instantOf, millisecondsBetween } from "@drift-guard/core/model/instant";
import type { Delivery, HubStore } from "@drift-guard/core/ports";
import { type ImportPorts, importCurrentFindings } from "./current-findings.ts";

/** Ports of the import into a hub that may not be enabled. */
export interface HubImportPorts extends ImportPorts {
  readonly hub: HubStore;
  /** Tells people that the hub is not enabled since `since`; once. */
  tellDisabled(since: Instant): Promise<void>;
}

/** What became of a batch. `disabled`: nothing was imported, and the deliveries wait for the next sweep. */
export type HubImport =
  | { readonly status: "imported"; readonly refused: ReadonlyMap<string, string> }
  | { readonly status: "disabled" };

// Batches that arrive soon after the hub was found not enabled are not tried.
const pauseMs = 5 * 60_000;

/**
 * Imports a batch (`importCurrentFindings`). If the hub is not enabled, people are told once, until an import succeeded
 * again. Throws `StoreUnavailableError`, and what the ports throw.
 */
export async function importIntoHub(
  deliveries: readonly Delivery[],
  account: string,
  ports: HubImportPorts,
): Promise<HubImport> {
  if (deliveries.length === 0) return { status: "imported", refused: new Map() };
  const access = await ports.hub.loadAccess(account);
  const now = instantOf(ports.now());
  const { disabled } = access;
  if (disabled?.told === true && millisecondsBetween(disabled.triedAt, now) < pauseMs) {
    return { status: "disabled" };
  }
  try {
    const refused = await importCurrentFindings(deliveries, ports);
    if (disabled) await ports.hub.saveAccess(account, { version: access.version });
    return { status: "imported", refused };
  } catch (error) {
    if (!(error instanceof HubDisabledError)) throw error;
    const since = disabled?.since ?? now;
    const found = { ...access, disabled: { ...disabled, since, triedAt: now } };
    // Of several batches at once, the first one to save tells people.
    const isFirst = await ports.hub.saveAccess(account, found);
    if (isFirst && disabled?.told !== true) {
      await ports.tellDisabled(since);
      await ports.hub.saveAccess(account, {
        version: found.version + 1,
        disabled: { ...found.disabled, told: true },
      });
    }
    return { status: "disabled" };
  }
}
