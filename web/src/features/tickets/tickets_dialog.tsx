import { Plus } from "lucide-react";
import { useCallback, useEffect, useState } from "react";
import { messageOf } from "@/api/api_error";
import { listTickets, revokeTicket } from "@/api/tickets_api";
import type { Ticket } from "@/api/wire";
import { onFrames } from "@/live/live_bus";
import { useLiveLoaded } from "@/live/use_live_loaded";
import { Age } from "@/ui/age";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Empty, Failure, Loading } from "@/ui/notice";
import list from "@/ui/section.module.css";
import { toast } from "@/ui/toast";
import { Left } from "./left";

interface TicketsDialogProps {
  onClose: () => void;
  onCreate: () => void;
  /** Opens the workspace that a ticket became. */
  onOpen: (id: string) => void;
}

const nameOf = (ticket: Ticket) => ticket.name || ticket.role;

/** The tickets of the organisation: what is open, what became of the others. Their text is shown only when they are made. */
export function TicketsDialog({ onClose, onCreate, onOpen }: TicketsDialogProps) {
  const { value: tickets, loading, error, reload } = useLiveLoaded(useCallback(() => listTickets(), []));
  const [asking, setAsking] = useState<string | undefined>();
  const [busy, setBusy] = useState(false);

  useEffect(
    () =>
      onFrames((frames) => {
        if (frames.some((frame) => frame.event.startsWith("TICKET_"))) void reload();
      }),
    [reload],
  );

  async function revoke(ticket: Ticket) {
    setBusy(true);
    try {
      await revokeTicket(ticket.id);
      toast("success", `The ticket for ${nameOf(ticket)} was revoked`);
      await reload();
    } catch (failure) {
      toast("error", messageOf(failure));
    } finally {
      setBusy(false);
      setAsking(undefined);
    }
  }

  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title="Join tickets"
      description="Each lets one agent of another machine join, once. Their text is shown only when they are made."
      foot={
        <Button tone="primary" onClick={onCreate}>
          <Plus size={16} aria-hidden /> New ticket
        </Button>
      }
    >
      <div className={list.section}>
        {error !== undefined && <Failure text={`Tickets could not be read: ${messageOf(error)}`} onRetry={() => void reload()} />}
        {loading && tickets === undefined && <Loading text="Reading tickets…" />}
        {tickets?.length === 0 && <Empty title="No tickets">Make one where an agent should join without a token being copied.</Empty>}
        {tickets && tickets.length > 0 && (
          <ul className={list.list} aria-label="Tickets">
            {tickets.map((ticket) => (
              <li key={ticket.id} data-state={ticket.state}>
                <div className={list.main}>
                  {nameOf(ticket)}
                  <div className={list.sub}>
                    <Fate ticket={ticket} />
                  </div>
                </div>
                {ticket.state === "redeemed" && ticket.workspace_id && (
                  <Button onClick={() => onOpen(ticket.workspace_id ?? "")} aria-label={`Open ${nameOf(ticket)}`}>
                    Open
                  </Button>
                )}
                {ticket.state === "open" &&
                  (asking === ticket.id ? (
                    <>
                      <Button tone="danger" disabled={busy} onClick={() => void revoke(ticket)}>
                        Revoke for good
                      </Button>
                      <Button onClick={() => setAsking(undefined)}>Keep</Button>
                    </>
                  ) : (
                    <Button tone="danger_quiet" onClick={() => setAsking(ticket.id)} aria-label={`Revoke the ticket for ${nameOf(ticket)}`}>
                      Revoke
                    </Button>
                  ))}
              </li>
            ))}
          </ul>
        )}
      </div>
    </Dialog>
  );
}

function Fate({ ticket }: { ticket: Ticket }) {
  const made = (
    <>
      made <Age at={Date.parse(ticket.created_at)} />
    </>
  );
  switch (ticket.state) {
    case "open":
      return (
        <>
          open, good <Left until={Date.parse(ticket.expires_at)} />, {made}
        </>
      );
    case "redeemed":
      return (
        <>
          joined <Age at={Date.parse(ticket.redeemed_at ?? "")} /> from {ticket.redeemed_from ?? "somewhere"}
        </>
      );
    case "revoked":
      return <>revoked, {made}</>;
    default:
      return <>expired, {made}</>;
  }
}
