import { useCallback, useEffect, useLayoutEffect, useRef, type RefObject, type UIEvent } from "react";

/** Scrolled this near to the end, a list follows what comes. */
const nearEnd = 120;

interface Following {
  list: RefObject<HTMLDivElement | null>;
  onScroll: (event: UIEvent<HTMLDivElement>) => void;
  /** Something in the list got another height. */
  follow: () => void;
}

/**
 * A list that opens at its end and stays there while more comes, unless someone reads further up. What arrives above
 * the `first` entry leaves what is being read where it is. `content` is whatever changes when the list does.
 */
export function useFollow(first: string | undefined, content: unknown): Following {
  const list = useRef<HTMLDivElement>(null);
  const following = useRef(true);
  const toEnd = useRef(0);

  const follow = useCallback(() => {
    if (list.current && following.current) list.current.scrollTop = list.current.scrollHeight;
  }, []);
  useEffect(follow, [follow, content]);

  useLayoutEffect(() => {
    if (list.current && !following.current) list.current.scrollTop = list.current.scrollHeight - toEnd.current;
  }, [first]);

  const onScroll = useCallback(({ currentTarget: scrolled }: UIEvent<HTMLDivElement>) => {
    toEnd.current = scrolled.scrollHeight - scrolled.scrollTop;
    following.current = toEnd.current - scrolled.clientHeight < nearEnd;
  }, []);
  return { list, onScroll, follow };
}
