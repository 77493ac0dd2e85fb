import { digestOf } from "../model/identity.ts";
import { version } from "../version.ts";
import type { Config } from "./config.ts";

// 64 bits tell two configurations of one owner apart.
const length = 16;

/** Returns the first 16 hex digits of the SHA-256 of a configuration: equal configurations have the same. */
export function fingerprintOf(config: Config): string {
  return digestOf(config).slice(0, length);
}

// Earlier deployments named no version.
const label = /\((?:version ([\w.+-]{1,40}), )?configuration ([0-9a-f]{16})\)$/;

/**
 * Returns a function's description with the guard's version and the fingerprint of the configuration that it was deployed with,
 * by which the command line knows whether it has the same ones (docs/aws-facts.md, "DynamoDB, SQS and Lambda").
 */
export function labelDescription(text: string, config: Config): string {
  return `${text} (version ${version}, configuration ${fingerprintOf(config)})`;
}

/** Returns the fingerprint in a function's description; undefined if it has none. */
export function findFingerprint(description: string): string | undefined {
  return label.exec(description)?.[2];
}

/** Returns the guard's version in a function's description; undefined if it has none. */
export function findVersion(description: string): string | undefined {
  return label.exec(description)?.[1];
}
