import type { Config } from "./config.ts";

/**
 * Returns the warning that a deployment of this configuration prints because no address gets the guard's messages; undefined
 * where it has one. `topic` is the name of the topic that others may have subscribed to.
 */
export function describeSilence({ emails }: Pick<Config, "emails">, topic: string): string | undefined {
  if (emails.length > 0) return undefined;
  return `WARNING: nobody will hear of drift or of alarms. The configuration names no address. Add one, as emails: ["team@example.com"], deploy again and confirm the subscription; or subscribe to the topic ${topic} yourself. \`drift-guard notify --test\` sends a message to try it.`;
}
