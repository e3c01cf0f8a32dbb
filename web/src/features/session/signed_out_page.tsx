import { Button } from "@/ui/button";
import { ClaimCommand } from "./claim_command";
import { SessionCard } from "./session_card";

export function SignedOutPage({ onRetry }: { onRetry: () => void }) {
  return (
    <SessionCard title="This browser is not signed in">
      <ClaimCommand />
      <Button onClick={onRetry}>I have opened it, check again</Button>
    </SessionCard>
  );
}
