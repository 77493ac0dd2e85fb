import type { RoleKey } from "@drift-guard/core/model/role";
import type { ControlStore, FindingStore } from "@drift-guard/core/ports";

/** Keeps the one control record until something is written: parsing it takes longer than the rest of a history. */
export function keepControl(store: ControlStore): ControlStore {
  const record = keep(store.load);
  return {
    ...store,
    load: record.load,
    commit: (commit) => record.write(() => store.commit(commit)),
    saveObserving: (account, phase) => record.write(() => store.saveObserving(account, phase)),
    decide: (role, decision) => record.write(() => store.decide(role, decision)),
  };
}

/** Keeps the one ledger until something is written. */
export function keepFindings(store: FindingStore): FindingStore {
  const ledger = keep(store.load);
  return { ...store, load: ledger.load, commit: (commit) => ledger.write(() => store.commit(commit)) };
}

function keep<T>(load: (role: RoleKey) => Promise<T>) {
  const known = new Map<string, Promise<T>>();
  return {
    load: (role: RoleKey): Promise<T> => {
      const loaded = known.get(role.name) ?? load(role);
      known.set(role.name, loaded);
      return loaded;
    },
    async write<R>(write: () => Promise<R>): Promise<R> {
      try {
        return await write();
      } finally {
        known.clear();
      }
    },
  };
}
