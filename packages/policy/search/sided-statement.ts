import type { CompiledStatement } from "../compiled/statement.ts";

/** A statement of either side, and the list of the question that it comes from. */
export interface SidedStatement {
  readonly statement: CompiledStatement;
  readonly list: "leftDenies" | "rightAllows" | "rightDenies";
}
