import { useCallback, useEffect, useRef, useState } from "react";

export interface Loaded<T> {
  value: T | undefined;
  loading: boolean;
  error: unknown;
  reload: () => Promise<void>;
}

/** Reads something when it is first shown and when `load` changes; a later answer to an older question is dropped. */
export function useLoaded<T>(load: () => Promise<T>): Loaded<T> {
  const [state, setState] = useState<{ value: T | undefined; loading: boolean; error: unknown }>({
    value: undefined,
    loading: true,
    error: undefined,
  });
  const asked = useRef(0);
  const reload = useCallback(async () => {
    asked.current += 1;
    const mine = asked.current;
    setState((was) => ({ ...was, loading: true, error: undefined }));
    try {
      const value = await load();
      if (asked.current === mine) setState({ value, loading: false, error: undefined });
    } catch (error) {
      if (asked.current === mine) setState((was) => ({ ...was, loading: false, error }));
    }
  }, [load]);
  useEffect(() => {
    setState({ value: undefined, loading: true, error: undefined });
    void reload();
    return () => {
      asked.current += 1;
    };
  }, [reload]);
  return { ...state, reload };
}
