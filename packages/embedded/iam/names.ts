import { IamRefusedError } from "./refused-error.ts";

/**
 * Throws `IamRefusedError` if IAM would not accept a name. `parameter` is IAM's name of the parameter, and `longest` the
 * limit in characters.
 */
export function checkName(parameter: string, name: string, longest: number): void {
  if (name.length > longest) {
    throw new IamRefusedError(
      "ValidationError",
      `1 validation error detected: Value '${name}' at '${parameter}' failed to satisfy constraint: Member must have length less than or equal to ${longest}`,
    );
  }
  if (/^[\w+=,.@-]+$/.test(name)) return;
  throw new IamRefusedError(
    "ValidationError",
    `The specified value for ${parameter} is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-`,
  );
}

/** Returns the path unchanged. Throws `IamRefusedError` if IAM would not accept it. */
export function checkPath(path: string): string {
  if (/^\/(?:[\x21-\x7e]+\/)?$/.test(path) && path.length <= 512) return path;
  throw new IamRefusedError(
    "ValidationError",
    "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.",
  );
}
