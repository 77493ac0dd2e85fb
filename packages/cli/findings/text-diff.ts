/** One line of a difference: in both texts, only in the first (`-`), or only in the second (`+`). */
export interface DiffLine {
  readonly mark: " " | "-" | "+";
  readonly text: string;
}

// The texts of a part have at most 6,000 characters each (core/evaluate/part-texts.ts).
const maxCells = 1_000_000;

/** Returns the shortest list of lines to remove and to add that turns one text into another, in their order. */
export function diffLines(before: readonly string[], after: readonly string[]): readonly DiffLine[] {
  if (before.length * after.length > maxCells) {
    return [
      ...before.map((text) => ({ mark: "-", text }) as const),
      ...after.map((text) => ({ mark: "+", text }) as const),
    ];
  }
  const width = after.length + 1;
  // kept[i * width + j]: the most lines that before[i…] and after[j…] share.
  const kept = new Uint32Array((before.length + 1) * width);
  const at = (i: number, j: number) => kept[i * width + j] ?? 0;
  for (let i = before.length - 1; i >= 0; i -= 1) {
    for (let j = after.length - 1; j >= 0; j -= 1) {
      kept[i * width + j] =
        before[i] === after[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: DiffLine[] = [];
  let i = 0;
  let j = 0;
  while (i < before.length || j < after.length) {
    const [left, right] = [before[i], after[j]];
    if (left !== undefined && left === right) {
      lines.push({ mark: " ", text: left });
      i += 1;
      j += 1;
    } else if (left !== undefined && (right === undefined || at(i + 1, j) >= at(i, j + 1))) {
      lines.push({ mark: "-", text: left });
      i += 1;
    } else {
      lines.push({ mark: "+", text: right ?? "" });
      j += 1;
    }
  }
  return lines;
}

/** Returns a text as lines: JSON one value a line with two spaces of indentation, any other text as it is. */
export function linesOf(text: string): readonly string[] {
  try {
    return JSON.stringify(JSON.parse(text), undefined, 2).split("\n");
  } catch {
    return text.split("\n");
  }
}
