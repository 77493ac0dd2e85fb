import { getSystemErrorMap } from "node:util";
import { formatCause } from "@drift-guard/core/errors";
import { formatJsonFault } from "@drift-guard/core/issues";
import { sanitise } from "@drift-guard/formats/printable";
import { readText } from "./text-input.ts";

/** Formats why a file could not be opened or read, and what to do where that is known. Names the file once. */
export function formatFileFailure(file: string, cause: unknown): string {
  const name = sanitise(file, 300);
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (code === "ENOENT" || code === "ENOTDIR") return `There is no file ${name}. Check the path.`;
  if (code === "EISDIR") return `${name} is a directory. Name a file in it.`;
  return `${name} cannot be read: ${formatSystemError(cause)}.`;
}

/** The system's words for an error, such as `permission denied`; node:fs's own message repeats the path. */
export function formatSystemError(cause: unknown): string {
  const number = cause instanceof Error && "errno" in cause ? cause.errno : undefined;
  const known = typeof number === "number" ? getSystemErrorMap().get(number) : undefined;
  return known?.[1] ?? formatCause(cause).replace(/\.$/, "");
}

/** Reads a JSON file, in UTF-8 or UTF-16. `failure` makes the error of the command from a text and its cause. */
export async function readJsonFile(
  file: string,
  failure: (text: string, cause: unknown) => Error,
): Promise<unknown> {
  const text = await readText(file).catch((cause: unknown) => {
    throw failure(formatFileFailure(file, cause), cause);
  });
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw failure(`${sanitise(file, 300)} is not JSON (${formatJsonFault(text)}).`, cause);
  }
}
