import { MessageUnreadableError } from "@drift-guard/core/errors";
import { formatJsonFault } from "@drift-guard/core/issues";

/**
 * Parses a text of JSON values: one, several one after the other, or a list of them, as pages of a command's output are put
 * together. `source` names the text in errors and `command` says where such a text comes from. Throws
 * `MessageUnreadableError`.
 */
export function parseJsonValues(text: string, source: string, command: string): readonly unknown[] {
  const start = text.replace(/^\uFEFF/, "");
  if (start.trim() === "") {
    throw new MessageUnreadableError(`${source} is empty. Expected the output of: ${command}`);
  }
  const values = parseAll(start, source, command);
  return values.flatMap((value) => (Array.isArray(value) ? value : [value]));
}

function parseAll(text: string, source: string, command: string): readonly unknown[] {
  try {
    return [JSON.parse(text)];
  } catch (cause) {
    const pieces = splitValues(text);
    if (pieces.length === 1) throw notJson(formatJsonFault(text), source, command, cause);
    let start = 0;
    return pieces.map((piece) => {
      try {
        const value: unknown = JSON.parse(piece);
        start += piece.length;
        return value;
      } catch (fault) {
        throw notJson(formatJsonFault(text, start), source, command, fault);
      }
    });
  }
}

function notJson(place: string, source: string, command: string, cause: unknown): MessageUnreadableError {
  return new MessageUnreadableError(`${source} is not JSON (${place}). Expected the output of: ${command}`, {
    cause,
  });
}

/** Splits a text of JSON objects or lists, one after the other. Text that is no JSON stays in one piece. */
function splitValues(text: string): readonly string[] {
  const pieces: string[] = [];
  let start = 0;
  let depth = 0;
  let inText = false;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (inText) {
      if (character === "\\") index += 1;
      else if (character === '"') inText = false;
    } else if (character === '"') inText = true;
    else if (character === "{" || character === "[") depth += 1;
    else if ((character === "}" || character === "]") && depth > 0) {
      depth -= 1;
      if (depth > 0) continue;
      pieces.push(text.slice(start, index + 1));
      start = index + 1;
    }
  }
  const rest = text.slice(start);
  return rest.trim() === "" ? pieces : [...pieces, rest];
}
