import { useCallback, useEffect, useLayoutEffect, useRef, type RefObject, type UIEvent } from "react";

/** Scrolled this near to the end, a list follows what comes. */
const nearEnd = 120;

interface Following {
  list: RefObject<HTMLDivElement | null>;
  onScroll: (event: UIEvent<HTMLDivElement>) => void;
  /** Something in the list got another height. */
  follow: () => void;
}

/** How far below the beginning of a list an entry of it stands. */
function placeOf(list: HTMLElement, id: string): number | undefined {
  const at = list.querySelector(`[data-message-id="${CSS.escape(id)}"]`);
  return at ? at.getBoundingClientRect().top - list.getBoundingClientRect().top + list.scrollTop : undefined;
}

/**
 * A list that opens at its end and stays there while more comes, unless someone reads further up. What arrives above
 * the `first` entry leaves what is being read where it is. `content` is whatever changes when the list does.
 */
export function useFollow(first: string | undefined, content: unknown): Following {
  const list = useRef<HTMLDivElement>(null);
  const following = useRef(true);
  const known = useRef<{ id: string; top: number | undefined }>(undefined);

  const follow = useCallback(() => {
    if (list.current && following.current) list.current.scrollTop = list.current.scrollHeight;
  }, []);
  const measure = useCallback(() => {
    if (list.current && known.current) known.current.top = placeOf(list.current, known.current.id);
  }, []);

  useLayoutEffect(() => {
    if (!list.current) return;
    const { id, top } = known.current ?? {};
    const now = id === undefined || top === undefined || id === first || following.current ? undefined : placeOf(list.current, id);
    if (now !== undefined && top !== undefined) list.current.scrollTop += now - top;
    known.current = first === undefined ? undefined : { id: first, top: placeOf(list.current, first) };
  }, [first]);
  useEffect(() => {
    follow();
    measure();
  }, [follow, measure, content]);

  const onScroll = useCallback(
    ({ currentTarget: scrolled }: UIEvent<HTMLDivElement>) => {
      following.current = scrolled.scrollHeight - scrolled.scrollTop - scrolled.clientHeight < nearEnd;
      measure();
    },
    [measure],
  );
  return { list, onScroll, follow };
}
