import type { CompiledStatement } from "../compiled/statement.ts";

/** A statement that bears on a cell of the giving side, and how. */
export interface Player {
  readonly statement: CompiledStatement;
  /** Denied by the giving side itself; given by the other side too; or denied by the other side, whatever it gives. */
  readonly role: "heldBack" | "takes" | "spares";
}
