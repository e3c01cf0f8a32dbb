import { useEffect, useState, type ComponentType } from "react";
import { onBack } from "@/live/live_bus";
import { Failure, Loading } from "@/ui/notice";
import { toast } from "@/ui/toast";

interface Closes {
  onClose: () => void;
}

/**
 * Something over the page that is fetched when it is first wanted. Where that fails a person is told, and may ask for it
 * again: the page itself goes on.
 */
export function fetched<P extends Closes>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
  let known: ComponentType<P> | undefined;
  return function Fetched(props: P) {
    const [Part, setPart] = useState(() => known);
    const { onClose } = props;
    useEffect(() => {
      if (Part) return;
      let gone = false;
      load().then(
        (found) => {
          known = found;
          if (!gone) setPart(() => found);
        },
        () => {
          if (gone) return;
          toast("error", "That part of the page could not be fetched. Is the platform running?");
          onClose();
        },
      );
      return () => {
        gone = true;
      };
    }, [Part, onClose]);
    return Part ? <Part {...props} /> : null;
  };
}

/**
 * A panel that is fetched when it is first wanted, or before, by `prepare`. Where that fails it says so in its place and
 * can be asked for again. A quiet one is an extra whose place is nobody's to miss.
 */
export function fetchedPanel<P extends object>(load: () => Promise<ComponentType<P>>, { quiet = false } = {}): ComponentType<P> & { prepare: () => void } {
  let known: ComponentType<P> | undefined;
  const fetch = async () => (known ??= await load());
  function Panel(props: P) {
    const [Part, setPart] = useState(() => known);
    const [attempt, setAttempt] = useState({ count: 0, failed: false });
    useEffect(() => {
      if (Part || attempt.failed) return;
      let gone = false;
      fetch().then(
        (found) => {
          if (!gone) setPart(() => found);
        },
        () => {
          if (!gone) setAttempt(({ count }) => ({ count, failed: true }));
        },
      );
      return () => {
        gone = true;
      };
    }, [Part, attempt]);
    useEffect(() => {
      if (!attempt.failed) return;
      return onBack(() => setAttempt(({ count }) => ({ count: count + 1, failed: false })));
    }, [attempt]);
    if (Part) return <Part {...props} />;
    if (quiet) return null;
    if (!attempt.failed) return <Loading text="Opening…" />;
    return (
      <Failure
        text="This part of the page could not be fetched. Is the platform running? If it was renewed, reload the page."
        onRetry={() => setAttempt(({ count }) => ({ count: count + 1, failed: false }))}
      />
    );
  }
  // A failed fetch is tried again when the panel is shown, and told there.
  return Object.assign(Panel, { prepare: () => void fetch().catch(() => undefined) });
}
