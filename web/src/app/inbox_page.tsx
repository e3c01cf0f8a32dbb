import { Letter } from "@/features/dead_letters/letter";
import { InboxView } from "@/features/inbox/inbox_view";

interface InboxPageProps {
  show: string;
  onShow: (kind: string) => void;
  onDecided: () => void;
}

/** The inbox, with letters drawn as they are everywhere. */
export function InboxPage(props: InboxPageProps) {
  return <InboxView {...props} letter={(letter) => <Letter letter={letter} as="div" />} />;
}
