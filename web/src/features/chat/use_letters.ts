import { useMemo } from "react";
import type { DeadLetter } from "@/api/wire";
import { DeadLetters } from "@/live/dead_letters";
import { useRenewed } from "@/live/use_renewed";
import { useSelected } from "@/ui/store";

/** The dead letters of a workspace by their message's row, decided or not; read only where there may be some. */
export function useLetters(workspaceId: string, wanted: boolean): ReadonlyMap<string, DeadLetter> {
  const [open, decided] = useMemo(
    () => [new DeadLetters({ workspace: workspaceId }), new DeadLetters({ workspace: workspaceId, decided: true })] as const,
    [workspaceId],
  );
  useRenewed(wanted ? open : undefined);
  useRenewed(wanted ? decided : undefined);
  const waiting = useSelected(open.state, (state) => state.letters);
  const settled = useSelected(decided.state, (state) => state.letters);
  return useMemo(() => new Map([...waiting, ...settled].map((letter) => [letter.id, letter])), [waiting, settled]);
}
