import { useEffect, useState, type ComponentType } from "react";
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
